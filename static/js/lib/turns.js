/* Work that is done a few at a time, in the order it came. */

export class Turns {
  constructor(atOnce) {
    Object.assign(this, { free: atOnce, waiting: [] });
  }

  /** Run `task` when it is its turn. Resolves or rejects as it does. */
  async take(task) {
    if (this.free > 0) this.free -= 1;
    else await new Promise((turn) => this.waiting.push(turn));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
