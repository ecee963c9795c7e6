// What colours look like beside each other, for the tests of the tokens. Pure.

export type Rgb = readonly [number, number, number];
type Lab = readonly [number, number, number];

/** `#rrggbb` as three numbers from 0 to 1. */
export const parse = (hex: string): Rgb => {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (!found) throw new Error(`${hex} is no colour like #1f51c4`);
  return [1, 2, 3].map((at) => Number.parseInt(found[at] ?? "", 16) / 255) as unknown as Rgb;
};

const linear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const toLinear = (rgb: Rgb): Rgb => [linear(rgb[0]), linear(rgb[1]), linear(rgb[2])];

/** Relative luminance of WCAG 2.2. */
const luminance = (hex: string): number => {
  const [red, green, blue] = toLinear(parse(hex));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

/** Contrast ratio of WCAG 2.2, from 1 to 21. */
export const contrast = (one: string, other: string): number => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

export type Sight = "protan" | "deutan" | "tritan";

// Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
const sights: Record<Sight, readonly (readonly [number, number, number])[]> = {
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const lab = ([red, green, blue]: Rgb): Lab => {
  const x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047;
  const y = 0.2126729 * red + 0.7151522 * green + 0.072175 * blue;
  const z = (0.0193339 * red + 0.119192 * green + 0.9503041 * blue) / 1.08883;
  const [fx, fy, fz] = [x, y, z].map((value) =>
    value > 216 / 24389 ? Math.cbrt(value) : ((24389 / 27) * value + 16) / 116,
  ) as [number, number, number];
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
};

/** Distance of two colours (CIE76) as somebody with that sight sees them. */
export const distance = (one: string, other: string, sight: Sight): number => {
  const seen = (hex: string): Lab => {
    const from = toLinear(parse(hex));
    const through = sights[sight].map((row) =>
      Math.min(1, Math.max(0, row[0] * from[0] + row[1] * from[1] + row[2] * from[2])),
    ) as unknown as Rgb;
    return lab(through);
  };
  const a = seen(one);
  const b = seen(other);
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
};
