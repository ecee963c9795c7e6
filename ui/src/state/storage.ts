// What this browser keeps. Storage can be forbidden or full: then nothing is kept, and nothing fails.

const name = (key: string) => `spanjudge.${key}`;

export const kept = (key: string): string | null => {
  try {
    return localStorage.getItem(name(key));
  } catch {
    return null;
  }
};

/** Returns whether it was kept. */
export const keep = (key: string, value: string): boolean => {
  try {
    localStorage.setItem(name(key), value);
    return true;
  } catch {
    return false;
  }
};

export const forget = (key: string): void => {
  try {
    localStorage.removeItem(name(key));
  } catch {
    // Nothing was kept.
  }
};
