// After a swap the focus goes where the change is, and the change is announced.
(() => {
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.elt || event.target;
    if (!(target instanceof Element)) return;
    const place = target.matches("[data-focus]") ? target
      : target.querySelector("[data-focus], [aria-invalid=true]");
    if (place) {
      place.focus({ preventScroll: false });
      return;
    }
    const words = target.querySelector("[data-announce]") || (target.matches("[data-announce]") ? target : null);
    const region = document.getElementById("announce");
    if (words && region) region.textContent = words.dataset.announce || words.textContent;
  });
})();
