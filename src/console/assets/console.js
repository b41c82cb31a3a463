// What pages need beyond htmx: no more than that. Scripts may not stand in pages (content security policy).

// A box that ticks all others of its table.
document.addEventListener("change", (event) => {
  const all = event.target.closest("input[data-ticks]");
  if (!all) return;
  document.querySelectorAll(`input[name="${all.dataset.ticks}"]`).forEach((box) => { box.checked = all.checked; });
});

// A form that goes off by itself when one of its choices changes.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// "/" goes to the search, as in other programs that are used by keyboard.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  document.getElementById("q")?.focus();
});

// A part that is fetched again is not taken from under the hands of who types in it or walks through it by keyboard, and what
// was unfolded stays so.
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  if (part.contains(document.activeElement)) event.detail.shouldSwap = false;
  else part.dataset.unfolded = [...part.querySelectorAll("details[open][id]")].map((one) => one.id).join(" ");
});
document.addEventListener("htmx:afterSwap", (event) => {
  const unfolded = event.detail.target.dataset.unfolded;
  unfolded?.split(" ").forEach((id) => { if (id) document.getElementById(id)?.setAttribute("open", ""); });
});

// A stream of events ends with its page, and is not reported as broken.
const streams = [];
htmx.createEventSource = (url) => {
  const stream = new EventSource(url, { withCredentials: true });
  streams.push(stream);
  return stream;
};
window.addEventListener("pagehide", () => streams.splice(0).forEach((stream) => stream.close()));
