// Lets countdowns and the reader's clock tick by the server's time: the page says what time it was there (data-now on <html>).
// The words are those of mentorship/kernel/local_time.py. At zero the element fires `countdown-end`, once.
(() => {
  let ahead = 0;
  // A part that is swapped in may say the time anew: the demo's clock can have jumped. Heard once, for it grows old.
  const hear = (element) => {
    const said = Date.parse(element?.dataset.now || "");
    if (!Number.isNaN(said)) ahead = said - Date.now();
    if (element && element !== document.documentElement) delete element.dataset.now;
  };
  hear(document.documentElement);
  hear(document.querySelector("main [data-now]"));
  const now = () => Date.now() + ahead;

  const words = (ms, short) => {
    const minutes = Math.floor(ms / 60000);
    if (ms <= 0) return "now";
    if (minutes < 1) return "under a minute";
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor(minutes / 60);
    const and = (rest, unit) => (rest ? ` ${rest} ${unit}` : "");
    if (short) return days > 3 ? `${days} d` : hours ? `${hours} h` : `${minutes} min`;
    if (days >= 14) return `${days} d`;
    if (days > 3) return `${days} d${and(hours % 24, "h")}`;
    return hours ? `${hours} h${and(minutes % 60, "min")}` : `${minutes} min`;
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const tick = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = Date.parse(element.dataset.countdown) - now();
      write(element, words(left, element.dataset.countdownStyle === "short"));
      if (left <= 0 && !element.dataset.countdownDone) {
        element.dataset.countdownDone = "true";
        element.dispatchEvent(new CustomEvent("countdown-end", { bubbles: true }));
      }
    }
    for (const element of document.querySelectorAll("[data-clock]")) {
      const format = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: element.dataset.clock };
      write(element.querySelector("time") || element, new Intl.DateTimeFormat("en-GB", format).format(now()));
    }
  };

  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", () => {
    hear(document.querySelector("main [data-now]"));
    tick();
  });
})();
