/* Tells the server that somebody opened a shared recording, so that previews of links do not count. */
import { csrfToken } from "./lib/http.js";

fetch(location.pathname, {
  method: "POST",
  body: new URLSearchParams({ opened: 1 }),
  headers: { "X-CSRFToken": csrfToken() },
  referrerPolicy: "strict-origin", // the page's own would leave out even the origin, and the request would be taken for forged
}).catch((error) => console.warn("the visit was not counted:", error.message));
