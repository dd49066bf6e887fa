/* Plays a few seconds of the recording and stops; where somebody listens anyway it goes there and plays on. */

const media = document.querySelector("[data-player] [data-media], [data-video-place] [data-media]");
const NEAR_SECONDS = 0.3;
let excerpt = null; // {from, to} while one is played

/** Does nothing where there is no recording to play. */
export function playExcerpt(from, to) {
  if (!media) return;
  const isListening = !media.paused && !excerpt;
  excerpt = isListening ? null : { from: Math.max(0, from), to };
  media.currentTime = Math.max(0, from);
  if (media.paused) media.play().catch(() => {}); // the player says so when the media cannot be played
  if (excerpt) requestAnimationFrame(tick);
}

function watch() {
  if (!excerpt || media.seeking || media.currentTime < excerpt.to) return;
  excerpt = null;
  media.pause();
}

function tick() {
  watch();
  if (excerpt) requestAnimationFrame(tick);
}

/** Somebody went elsewhere: play on from there. */
function leave() {
  const { from, to } = excerpt ?? {};
  if (excerpt && (media.currentTime < from - NEAR_SECONDS || media.currentTime > to + NEAR_SECONDS)) excerpt = null;
}

if (media) {
  media.addEventListener("timeupdate", watch); // also in a hidden tab, where no frames come
  media.addEventListener("seeking", leave);
  media.addEventListener("pause", () => {
    excerpt = null;
  });
}
