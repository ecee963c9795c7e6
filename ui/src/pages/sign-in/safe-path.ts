/** A path of this site to go on to, or `/`: never another site, whatever the address says. */
export const safePath = (asked: string | null): string => {
  if (asked === null || !asked.startsWith("/")) return "/";
  try {
    // `//host` and `/\host` are addresses of other sites to a browser.
    const url = new URL(asked, "http://here.invalid");
    return url.host === "here.invalid" && !url.pathname.startsWith("/sign-in")
      ? url.pathname + url.search + url.hash
      : "/";
  } catch {
    return "/";
  }
};
