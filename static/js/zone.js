// Tells the server the reader's zone: into forms that ask for it, and, for visitors without an account, into a cookie.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;

  const fill = (root) => {
    for (const input of root.querySelectorAll("input[type=hidden][name=zone], [data-zone-input]")) {
      if (!input.value) input.value = zone;
    }
  };

  fill(document);
  document.addEventListener("htmx:afterSwap", (event) => fill(event.target));

  // A zone's name needs no quoting in a cookie, and the server reads the cookie as it is.
  const said = `zone=${zone}`;
  const cookies = () => document.cookie.split("; ");
  if (cookies().includes(said)) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${said}; path=/; max-age=31536000; SameSite=Lax${secure}`;

  // The first page of a visitor was made before we knew: ask for it again, with times in their zone, and put it in its place.
  const guessed = document.documentElement.dataset.guessedZone;
  if (!guessed || guessed === zone || !cookies().includes(said) || !document.querySelector("main time")) return;
  const again = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (document.activeElement && document.activeElement !== document.body) return;
    for (const place of ["#main", ".head .clock", ".head .menu-note"]) {
      const [old, fresh] = [document.querySelector(place), page.querySelector(place)];
      if (old && fresh) old.replaceWith(fresh);
    }
    fill(document);
    window.htmx?.process(document.getElementById("main"));
  };
  again().catch(() => {});
})();
