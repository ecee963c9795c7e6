// Before the first paint: the theme this browser chose. A classic script of its own, because the policy allows none inline.
(() => {
  try {
    const kept = localStorage.getItem("spanjudge.theme");
    if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  } catch {
    // Storage can be forbidden; then the system's theme holds.
  }
})();
