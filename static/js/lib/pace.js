/* How fast something goes, by what was counted in the last seconds. */

const SECONDS = 6;

export class Pace {
  counts = [];

  add(count) {
    const now = performance.now() / 1000;
    this.counts.push([now, count]);
    this.counts = this.counts.filter(([time]) => now - time < SECONDS);
  }

  /** Per second; 0 as long as nothing can be said. */
  get perSecond() {
    if (this.counts.length < 2) return 0;
    const [[since, first], [until, last]] = [this.counts[0], this.counts.at(-1)];
    return until > since ? Math.max(0, (last - first) / (until - since)) : 0;
  }
}
