// Where lines and labels of a chart stand. Pure.

/** Round steps from at or below `low` to at or above `high`: at most `most` of them. */
export const niceTicks = (low: number, high: number, most = 5): number[] => {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / Math.max(1, most - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999) ?? 10 * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  // Multiples of the step, not sums of it: 0.1 + 0.2 is not 0.3.
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
};

/** Moves labels apart that would overlap: each at least `gap` from the next, all of them between 0 and `height`. */
export const spread = (places: readonly number[], gap: number, height: number): number[] => {
  const order = places.map((place, at) => ({ place, at })).sort((a, b) => a.place - b.place);
  for (let at = 1; at < order.length; at += 1) {
    const before = order[at - 1] as { place: number };
    const here = order[at] as { place: number };
    here.place = Math.max(here.place, before.place + gap);
  }
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const here = order[at] as { place: number };
    const after = order[at + 1];
    here.place = Math.min(here.place, after ? after.place - gap : height);
  }
  const moved = new Array<number>(places.length).fill(0);
  for (const { place, at } of order) moved[at] = place;
  return moved;
};

/** Indices of up to `most` of `length` points for the time axis, the first and the last among them. */
export const axisPoints = (length: number, most: number): number[] => {
  if (length <= 1) return length === 1 ? [0] : [];
  const parts = Math.min(most, length) - 1;
  return [...new Set(Array.from({ length: parts + 1 }, (_, at) => Math.round((at * (length - 1)) / parts)))];
};

/** The index of a value that stands alone: no line goes through it, so it is drawn as a point. */
export const lonely = (values: ArrayLike<number | null | undefined>): number[] => {
  const found = Array.from(values).flatMap((value, at) => (value == null ? [] : [at]));
  return found.length === 1 ? found : [];
};
