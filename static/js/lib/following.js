/* Where a job stands, as it happens: snapshots by socket, and by polling whenever the socket is missing or silent. */

const POLL_MS = 2000;
const SILENCE_MS = 10_000;
const RECONNECT_MS = [500, 1000, 2000, 5000, 10_000];

export const ENDED = ["completed", "failed", "cancelled"];

/** Call `tell` with each newer snapshot of a job until it has ended, or `isWanted` says no; with null once the job is
    gone. */
export function follow({ socket: path, snapshotUrl }, tell, isWanted) {
  let [sequence, heardAt, attempts, isOver] = [-1, 0, 0, false];
  let socket = null;

  const timer = setInterval(poll, POLL_MS);
  connect();

  function stop() {
    isOver = true;
    clearInterval(timer);
    socket?.close();
  }

  function hear(snapshot) {
    if (isOver) return;
    if (!isWanted()) return stop();
    if (snapshot && snapshot.sequence < sequence) return;
    sequence = snapshot?.sequence ?? sequence;
    if (!snapshot || ENDED.includes(snapshot.status)) stop();
    tell(snapshot);
  }

  function connect() {
    if (isOver) return;
    socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`);
    socket.addEventListener("message", (event) => {
      [attempts, heardAt] = [0, Date.now()];
      hear(JSON.parse(event.data));
    });
    socket.addEventListener("close", () => {
      heardAt = 0;
      setTimeout(connect, RECONNECT_MS[Math.min(attempts, RECONNECT_MS.length - 1)]);
      attempts += 1;
    });
  }

  async function poll() {
    if (!isWanted()) return stop();
    if (Date.now() - heardAt < SILENCE_MS) return;
    try {
      const answer = await fetch(snapshotUrl, { headers: { Accept: "application/json" } });
      if (answer.status === 404) hear(null);
      else if (answer.ok && !answer.redirected) hear(await answer.json());
    } catch {
      // No connection: the next round asks again.
    }
  }
}
