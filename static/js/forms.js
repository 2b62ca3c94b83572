// A form that was sent shows that it works and cannot be sent twice. Menus close when one looks elsewhere.
(() => {
  const buttons = (form) => [
    ...form.querySelectorAll("button:not([type=button])"),
    ...(form.id ? document.querySelectorAll(`button[form="${CSS.escape(form.id)}"]`) : []),
  ];

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    // htmx answers in place and disables by itself; a page that loads forgets these marks.
    if (event.defaultPrevented || form.method === "get" || form.target || form.closest("[hx-post], [hx-get]")) return;
    form.dataset.sent = "true";
    event.submitter?.setAttribute("aria-busy", "true");
    for (const button of buttons(form)) {
      if (button !== event.submitter) button.setAttribute("aria-disabled", "true");
    }
  });

  // Back from the browser's cache: the form may be sent again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of buttons(form)) {
        button.removeAttribute("aria-busy");
        button.removeAttribute("aria-disabled");
      }
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    for (const button of event.target.querySelectorAll?.("button[type=submit]") || []) button.disabled = true;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    for (const button of event.target.querySelectorAll?.("button[type=submit]") || []) button.disabled = false;
  });

  // A filter that changes sends its form; without scripts its button does.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form && !form.matches("[hx-get], [hx-post]")) form.requestSubmit();
  });

  // At most so many boxes of a form: with the last one the others rest. Without scripts the answer says so.
  const restOthers = (form) => {
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    const full = boxes.filter((box) => box.checked).length >= Number(form.dataset.most);
    for (const box of boxes) box.disabled = full && !box.checked;
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-most]");
    if (form) restOthers(form);
  });
  for (const form of document.querySelectorAll("form[data-most]")) restOthers(form);

  // What is asked with one answer only (data-only="kind=PACK") rests with the others. Without scripts it stays; the form
  // does not read it then.
  const restParts = (form) => {
    for (const part of form.querySelectorAll("[data-only]")) {
      const [name, value] = part.dataset.only.split("=");
      const rests = form.elements[name].value !== value;
      part.hidden = rests;
      for (const control of part.querySelectorAll("input, select, textarea")) control.disabled = rests;
    }
  };
  const restAllParts = () => {
    for (const part of document.querySelectorAll("form [data-only]")) restParts(part.closest("form"));
  };
  document.addEventListener("change", (event) => event.target.form && restParts(event.target.form));
  addEventListener("pageshow", restAllParts); // going back, the browser fills the form in again
  restAllParts();

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
  });
})();
