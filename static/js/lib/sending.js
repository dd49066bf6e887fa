/* One file on its way up, by tus. It tells how it goes; whoever made it decides when to go on after a break. */
import { csrfToken, sentence } from "./http.js";

const SILENCE_MS = 120_000; // a line that is dead without saying so, as after a closed lid
const SERVER_IS_AT_FAULT = 500;
const ENDED = [404, 410];
const PASSING = [409, 423, 429, 460]; // another piece is being written, or this one was changed on its way

let loading = null;

/** The library, fetched when the first file is sent. */
function loadTus(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => resolve(window.tus));
    script.addEventListener("error", () => {
      loading = null;
      reject(new Error(address));
    });
    document.head.append(script);
  });
  return loading;
}

export class Sending {
  /**
   * @param place {createUrl, tusSrc, pieceBytes}
   * @param told {progress(sent), received(), broken(code), failed({code, said, isSignedOut})}: `broken` is what
   *   passes by itself, with 0 for no answer at all; after it, `start` goes on where the server stands.
   * @param url Of an upload begun before, which goes on.
   */
  constructor(file, place, told, url = null) {
    Object.assign(this, { file, place, told, url, upload: null, silence: 0 });
  }

  async start() {
    let tus;
    try {
      tus = await loadTus(this.place.tusSrc);
    } catch {
      return this.told.broken(0);
    }
    this.stop();
    const upload = new tus.Upload(this.file, {
      // Not both: the library would begin anew where the server only stumbles over telling how far it is.
      ...(this.url ? { uploadUrl: this.url } : { endpoint: this.place.createUrl }),
      chunkSize: this.place.pieceBytes,
      retryDelays: null,
      storeFingerprintForResuming: false, // the server knows what is unfinished
      metadata: { filename: this.file.name, filetype: this.file.type, modified: String(this.file.lastModified) },
      headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
      onUploadUrlAvailable: () => this.isCurrent(upload) && (this.url = upload.url),
      onProgress: (sent) => this.isCurrent(upload) && this.progress(sent),
      onSuccess: () => this.isCurrent(upload) && this.end(() => this.told.received()),
      onError: (error) => this.isCurrent(upload) && this.end(() => this.judge(error)),
    });
    this.upload = upload;
    this.listen();
    upload.start();
  }

  isCurrent(upload) {
    return this.upload === upload;
  }

  progress(sent) {
    this.listen();
    this.told.progress(sent);
  }

  /** Wait for the next sign of life. */
  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.stop();
      this.told.broken(0);
    }, SILENCE_MS);
  }

  end(tell) {
    clearTimeout(this.silence);
    this.upload = null;
    tell();
  }

  judge(error) {
    const answer = error.originalResponse;
    const code = answer?.getStatus() ?? 0;
    const said = answer ? sentence(answer.getBody()) : null;
    const address = answer?.getUnderlyingObject()?.responseURL;
    const isSignedOut = [401, 403].includes(code) || Boolean(address && !new URL(address).pathname.startsWith(this.place.createUrl));
    if (ENDED.includes(code) && this.url && !isSignedOut) {
      this.url = null; // given up after a long time, or ended elsewhere: it begins anew
      return this.told.broken(code);
    }
    const isPassing = code === 0 || PASSING.includes(code) || (code >= SERVER_IS_AT_FAULT && !said);
    return isPassing && !isSignedOut ? this.told.broken(code) : this.told.failed({ code, said, isSignedOut });
  }

  /** Send no more for now. What has arrived stays on the server. */
  stop() {
    clearTimeout(this.silence);
    const upload = this.upload;
    this.upload = null;
    upload?.abort().catch(() => {});
  }

  /** Send no more, and have the server forget it. */
  giveUp() {
    this.stop();
    if (this.url) forget(this.url).catch(() => {}); // the server forgets unfinished uploads by itself
  }
}

/** Have the server forget an upload. Rejects when it could not be asked. */
export async function forget(url) {
  const answer = await fetch(url, { method: "DELETE", headers: { "X-CSRFToken": csrfToken(), "Tus-Resumable": "1.0.0" } });
  if (!answer.ok && !ENDED.includes(answer.status)) throw new Error(String(answer.status));
}
