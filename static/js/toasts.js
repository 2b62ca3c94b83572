// Messages leave when they are sent away, or by themselves after a while unless somebody looks at them.
(() => {
  const STAY = 8000;

  const leave = (toast) => {
    const hadFocus = toast.contains(document.activeElement);
    toast.remove();
    if (hadFocus) document.getElementById("main")?.focus();
  };

  const watch = (toast) => {
    if (toast.dataset.seen) return;
    toast.dataset.seen = "true";
    const later = () =>
      setTimeout(() => (toast.matches(":hover, :focus-within") ? later() : leave(toast)), STAY + toast.textContent.length * 40);
    later();
  };

  const region = document.getElementById("toasts");
  if (!region) return;
  region.querySelectorAll(".toast").forEach(watch);
  new MutationObserver(() => region.querySelectorAll(".toast").forEach(watch)).observe(region, { childList: true });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) leave(button.closest(".toast, .notice"));
  });

  // What htmx could not do is said instead of silently lost.
  const say = (text) => {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.append(Object.assign(document.createElement("p"), { textContent: text }));
    region.append(toast);
  };
  document.addEventListener("htmx:sendError", () => say("No connection. Nothing was changed; please try again."));
  document.addEventListener("htmx:timeout", () => say("That took too long. Please try again."));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    say(status === 403 ? "Your session has ended. Reload the page and try again."
      : status === 404 ? "This is no longer here. Reload the page."
      : "That did not work on our side. Please try again.");
  });
})();
