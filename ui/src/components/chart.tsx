// uPlot draws lines and bars; grid, labels, crosshair and names are HTML, so that they never stretch and follow the theme.
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../state/theme";
import { useNarrow } from "../state/width";
import { tick } from "../text/format";
import { axisPoints, lonely, niceTicks, spread } from "./chart-scale";
import { classNames } from "./class-names";

export type ChartSeries = {
  name: string;
  /** A custom property: `series-1`, `fail-solid`; `hatch` is the no verdict pattern. */
  colour: string;
  values: readonly (number | null)[];
  /** Drawn behind, in grey, without a name at its end. */
  back?: boolean;
};

type ChartProps = {
  /** What the chart shows, in a sentence, for those who do not see it. */
  label: string;
  /** Time of each point, ms since 1970. */
  times: readonly number[];
  series: readonly ChartSeries[];
  kind?: "lines" | "bars";
  low?: number;
  high?: number;
  height?: number;
  format: (value: number) => string;
  /** For the axis, where only the top label has the unit; `format` if left out. */
  formatTick?: (value: number, top: boolean) => string;
  /** For a time on the axis and in the tip. */
  formatTime?: (at: number) => string;
  /** Words beside the time when a point is pointed at. */
  tip?: (at: number) => ReactNode;
  /** A grey name at the end of those behind. */
  others?: string;
  /** Dragging chooses a window of time. */
  onSelect?: (from: number, to: number) => void;
};

const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The no verdict pattern as a canvas fill. */
const hatched = (): CanvasPattern | string => {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const draw = tile.getContext("2d");
  if (!draw) return colourOf("none-solid");
  draw.fillStyle = colourOf("none-bg");
  draw.fillRect(0, 0, 6, 6);
  draw.strokeStyle = colourOf("none-solid");
  draw.lineWidth = 2;
  for (const shift of [-6, 0, 6]) {
    draw.beginPath();
    draw.moveTo(shift - 1, 7);
    draw.lineTo(shift + 7, -1);
    draw.stroke();
  }
  return draw.createPattern(tile, "repeat") ?? colourOf("none-solid");
};

/** Values on top of those before them; null counts as nothing. */
const stacked = (series: readonly ChartSeries[]): number[][] => {
  const sums: number[][] = [];
  series.forEach((one, at) => {
    sums.push(one.values.map((value, index) => (value ?? 0) + (sums[at - 1]?.[index] ?? 0)));
  });
  return sums;
};

export const Chart = ({
  label,
  times,
  series,
  kind = "lines",
  low = 0,
  high,
  height = 196,
  format,
  formatTick = format,
  formatTime,
  tip,
  others,
  onSelect,
}: ChartProps) => {
  const theme = useTheme();
  const phone = useNarrow(720);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const select = useRef(onSelect);
  select.current = onSelect;
  const bars = kind === "bars";

  const tops = useMemo(() => (bars ? stacked(series) : series.map((one) => one.values)), [bars, series]);
  const ticks = useMemo(() => {
    const values = tops.flatMap((list) => list.filter((value): value is number => value !== null));
    return niceTicks(low, high ?? Math.max(low, ...values), 5);
  }, [tops, low, high]);
  const bottom = ticks[0] ?? 0;
  const top = ticks[ticks.length - 1] ?? 1;
  const place = (value: number) => (1 - (value - bottom) / (top - bottom || 1)) * 100;
  // Bars stand in the middle of their step, lines begin and end at the edges.
  const across = (index: number) =>
    bars ? ((index + 0.5) / times.length) * 100 : times.length > 1 ? (index / (times.length - 1)) * 100 : 50;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme's colours are read anew.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const xs = times.map((_, index) => index);
    const order = bars
      ? series.map((one, index) => ({ one, index })).reverse()
      : series.map((one, index) => ({ one, index }));
    const chart = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        padding: [0, 0, 0, 0],
        legend: { show: false },
        cursor: {
          show: true,
          x: false,
          y: false,
          points: { show: false },
          drag: { x: select.current !== undefined, y: false, setScale: false },
        },
        scales: {
          x: {
            time: false,
            range: () => (bars ? [-0.5, times.length - 0.5] : [0, Math.max(1, times.length - 1)]),
          },
          y: { range: () => [bottom, top] },
        },
        axes: [{ show: false }, { show: false }],
        series: [
          {},
          ...order.map(({ one }) => {
            const fill = one.colour === "hatch" ? hatched() : colourOf(one.colour);
            return bars
              ? {
                  fill: () => fill as string,
                  width: 0,
                  points: { show: false },
                  paths: uPlot.paths.bars?.({ size: [0.8, 64], gap: 1 }),
                }
              : {
                  stroke: one.back ? colourOf("line-strong") : (fill as string),
                  width: one.back ? 1.25 : 1.75,
                  spanGaps: true,
                  points: {
                    show: true,
                    size: 6,
                    fill: fill as string,
                    filter: (self: uPlot, at: number) => lonely(self.data[at] ?? []),
                  },
                };
          }),
        ],
        hooks: {
          setCursor: [(self) => setAt(self.cursor.idx ?? null)],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width < 8) return;
              const first = Math.max(0, Math.round(self.posToVal(left, "x")));
              const last = Math.min(times.length - 1, Math.round(self.posToVal(left + width, "x")));
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              const step = (times[1] ?? 0) - (times[0] ?? 0);
              const from = times[first];
              const to = times[last];
              if (from !== undefined && to !== undefined) select.current?.(from, to + step);
            },
          ],
        },
      },
      [xs, ...order.map(({ index }) => [...(tops[index] ?? [])])] as uPlot.AlignedData,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [times, series, tops, bars, bottom, top, height, theme]);

  const keys = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") setAt(null);
    else if (step)
      setAt((before) =>
        Math.min(times.length - 1, Math.max(0, (before ?? (step > 0 ? -1 : times.length)) + step)),
      );
    else return;
    event.preventDefault();
  };

  const named = bars ? [] : series.filter((one) => !one.back);
  const shownOf = (one: ChartSeries) => {
    const index = at ?? one.values.findLastIndex((value) => value !== null);
    return index < 0 ? null : (one.values[index] ?? null);
  };
  const ends = named.map((one) => {
    const value = one.values.findLast((each) => each !== null) ?? null;
    return value === null ? height : (place(value) / 100) * height;
  });
  const behind = series.filter((one) => one.back);
  const behindEnd = behind
    .map((one) => one.values.findLast((each) => each !== null) ?? null)
    .filter((value) => value !== null);
  const labels =
    others && behindEnd.length > 0 ? [...ends, (place(Math.max(...behindEnd)) / 100) * height] : ends;
  const apart = spread(labels, 15, height);
  const span = (times[times.length - 1] ?? 0) - (times[0] ?? 0);
  const timeWords = formatTime ?? ((time: number) => tick(time, span));
  const points = axisPoints(times.length, phone ? 3 : 5);
  const time = at === null ? undefined : times[at];

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset groups fields; this is a picture.
    <div
      className={classNames("chart", named.length > 0 && "with-ends")}
      role="group"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: one tab stop, moved through by the arrow keys.
      tabIndex={0}
      onKeyDown={keys}
      onBlur={() => setAt(null)}
    >
      <div className="chart-box" style={{ height }}>
        {ticks.map((value) => (
          <span key={value} className="chart-grid" style={{ top: `${place(value)}%` }}>
            <span className="chart-y">{formatTick(value, value === top)}</span>
          </span>
        ))}
        <div className="chart-plot" ref={box} onPointerLeave={() => setAt(null)} />
        {points.map((index, order) => (
          <span
            key={index}
            className={classNames(
              "chart-x",
              !bars && order === 0 && "first",
              !bars && order === points.length - 1 && "last",
            )}
            style={{ left: `${across(index)}%` }}
          >
            {timeWords(times[index] ?? 0)}
          </span>
        ))}
        {at !== null && (
          <>
            <i className="chart-cross" style={{ left: `${across(at)}%` }} />
            {named.map((one) => {
              const value = one.values[at];
              return value === null || value === undefined ? null : (
                <i
                  key={one.name}
                  className="chart-dot"
                  style={
                    {
                      left: `${across(at)}%`,
                      top: `${place(value)}%`,
                      "--c": `var(--${one.colour})`,
                    } as React.CSSProperties
                  }
                />
              );
            })}
          </>
        )}
        {named.map((one, index) => {
          const value = shownOf(one);
          return (
            <span
              key={one.name}
              className="chart-end"
              style={{ top: apart[index], "--c": `var(--${one.colour})` } as React.CSSProperties}
              title={one.name}
            >
              <span className="cut">{one.name}</span>
              <b>{value === null ? "–" : format(value)}</b>
            </span>
          );
        })}
        {others && labels.length > ends.length && (
          <span className="chart-end quiet" style={{ top: apart[ends.length] }}>
            <span className="cut">{others}</span>
          </span>
        )}
        {time !== undefined && at !== null && (
          <div
            className={classNames("chart-tip", across(at) > 60 && "to-left")}
            style={{ left: `${across(at)}%` }}
            role="status"
          >
            <b>{timeWords(time)}</b>
            {tip?.(at)}
            {bars &&
              !tip &&
              series.map((one) => (
                <span key={one.name} style={{ "--c": `var(--${one.colour})` } as React.CSSProperties}>
                  <i /> {one.name} <b>{format(one.values[at] ?? 0)}</b>
                </span>
              ))}
          </div>
        )}
      </div>
    </div>
  );
};

/** Names and colours of bars, above them. */
export const Legend = ({ series }: { series: readonly Pick<ChartSeries, "name" | "colour">[] }) => (
  <span className="legend">
    {series.map((one) => (
      <span
        key={one.name}
        className={one.colour === "hatch" ? "hatch" : undefined}
        style={{ "--c": `var(--${one.colour})` } as React.CSSProperties}
      >
        <i />
        {one.name}
      </span>
    ))}
  </span>
);
