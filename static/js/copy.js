// A button that copies what a field shows. Without scripts the field can be selected by hand.
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.querySelector(button.dataset.copy);
    if (!field) return;
    let words = "Copied.";
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
      words = "It is selected: copy it with your keyboard.";
    }
    const region = document.getElementById("announce");
    if (region) region.textContent = words;
    const label = button.querySelector("[data-copy-words]");
    if (!label) return;
    label.dataset.before ||= label.textContent;
    label.textContent = words;
    setTimeout(() => { label.textContent = label.dataset.before; }, 2500);
  });
})();
