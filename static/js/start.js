// Runs before the page is drawn, so that what needs scripts does not flicker.
document.documentElement.classList.add("js");
