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

// A part that is fetched again changes only where it differs: what is under the pointer or under the hands of who walks through
// it by keyboard stays the same element, what was typed or ticked stays, and what was unfolded stays so.
const altered = (field) => field.matches("select")
  ? [...field.options].some((one) => one.selected !== one.defaultSelected)
  : field.value !== field.defaultValue || field.checked !== field.defaultChecked;
Object.assign(Idiomorph.defaults.callbacks, {
  beforeNodeMorphed: (now) => !(now.matches?.("input, textarea, select") && (now === document.activeElement || altered(now))),
  beforeNodeRemoved: (now) => !now.contains(document.activeElement),
  beforeAttributeUpdated: (name, now) => !(name === "open" && now.matches("details")),
});

// A stream of events ends with its page, and is not reported as broken.
const streams = [];
htmx.createEventSource = (url) => {
  const stream = new EventSource(url, { withCredentials: true });
  streams.push(stream);
  return stream;
};
window.addEventListener("pagehide", () => streams.splice(0).forEach((stream) => stream.close()));
