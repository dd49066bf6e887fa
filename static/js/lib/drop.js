/* The whole page as a place to drop files. */

/** Show a cover while files are held over the page; call `take(files)` when they are let go. */
export function dropAnywhere(label, take) {
  const cover = document.createElement("div");
  cover.className = "drop-cover";
  cover.append(document.createElement("div"));
  cover.firstChild.textContent = label;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const stop = new AbortController();
  const on = (type, act) => window.addEventListener(type, (event) => holdsFiles(event) && act(event), { signal: stop.signal });
  let depth = 0;

  on("dragenter", () => {
    depth += 1;
    document.body.append(cover);
  });
  on("dragleave", () => {
    depth -= 1;
    if (depth <= 0) hide();
  });
  on("dragover", (event) => event.preventDefault());
  on("drop", (event) => {
    event.preventDefault();
    hide();
    take([...event.dataTransfer.files]);
  });

  function hide() {
    depth = 0;
    cover.remove();
  }
  return () => {
    hide();
    stop.abort();
  };
}
