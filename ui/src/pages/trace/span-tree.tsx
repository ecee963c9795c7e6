// The spans of a trace as a tree, and when each of them ran.
import { type KeyboardEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { TreeSpan } from "../../api/types";
import { classNames } from "../../components/class-names";
import { Icon, type IconName } from "../../components/icon";
import { VerdictMark, verdictWords } from "../../components/verdict";
import { useKeys } from "../../state/keys";
import { count, duration } from "../../text/format";
import { oneLine } from "./inert";
import { axisOf, barOf, kindOf, nameOf, type Row, rowsOf, type SpanKind, treeKey } from "./tree";

const icons: Record<SpanKind, IconName> = {
  agent: "agent",
  llm: "chat",
  tool: "tool",
  retrieval: "document",
  http: "globe",
  other: "circle",
};

type Props = {
  spans: TreeSpan[];
  totalMs: number;
  selected: string | null;
  onSelect: (spanId: string) => void;
};

const none: ReadonlySet<string> = new Set();

export const SpanTree = ({ spans, totalMs, selected, onSelect }: Props) => {
  const [closed, setClosed] = useState(none);
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(spans, closed), [spans, closed]);
  const axis = useMemo(() => axisOf(totalMs), [totalMs]);

  const toggle = useCallback((spanId: string) => {
    setClosed((before) => {
      const after = new Set(before);
      if (!after.delete(spanId)) after.add(spanId);
      return after;
    });
  }, []);

  // A span chosen from elsewhere may lie under a closed one: its branch opens.
  useEffect(() => {
    if (!selected) return;
    setClosed((before) => {
      const open = pathTo(spans, selected).filter((id) => before.has(id));
      return open.length > 0 ? new Set([...before].filter((id) => !open.includes(id))) : before;
    });
  }, [selected, spans]);

  const press = (key: string, focus: boolean): boolean => {
    const move = treeKey(rows, selected, key);
    if (!move) return false;
    if (move.open) toggle(move.open);
    if (move.close) toggle(move.close);
    if (move.select) {
      onSelect(move.select);
      const row = box.current?.querySelector<HTMLElement>(`[data-span="${CSS.escape(move.select)}"]`);
      row?.scrollIntoView({ block: "nearest" });
      if (focus) row?.focus({ preventScroll: true });
    }
    return true;
  };
  useKeys("Spans", [
    { keys: "j", does: "next span", run: () => press("j", false) },
    { keys: "k", does: "span before", run: () => press("k", false) },
  ]);
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length === 1) return;
    if (press(event.key, true)) event.preventDefault();
  };

  return (
    <div className="tree">
      <div className="tree-axis" aria-hidden="true">
        <span className="tree-axis-name">
          Span <span>verdicts</span>
        </span>
        <span className="tree-ticks">
          {axis.map((words, at) => (
            <i key={words} style={{ left: `${at * 25}%` }}>
              {words}
            </i>
          ))}
        </span>
      </div>
      <div role="tree" aria-label="Spans" ref={box} onKeyDown={keys} tabIndex={-1}>
        {rows.map((row, at) => (
          <TreeRow
            key={row.span.span_id}
            row={row}
            totalMs={totalMs}
            selected={row.span.span_id === selected}
            stop={
              row.span.span_id === selected ||
              (at === 0 && !rows.some((one) => one.span.span_id === selected))
            }
            onSelect={onSelect}
            onToggle={toggle}
          />
        ))}
      </div>
    </div>
  );
};

/** Ids of the spans above one. */
const pathTo = (spans: readonly TreeSpan[], spanId: string): string[] => {
  const at = spans.findIndex((span) => span.span_id === spanId);
  const path: string[] = [];
  let depth = spans[at]?.depth ?? 0;
  for (let above = at - 1; above >= 0 && depth > 0; above -= 1) {
    const span = spans[above];
    if (span && span.depth < depth) {
      path.push(span.span_id);
      depth = span.depth;
    }
  }
  return path;
};

type RowProps = {
  row: Row;
  totalMs: number;
  selected: boolean;
  stop: boolean;
  onSelect: (spanId: string) => void;
  onToggle: (spanId: string) => void;
};

const TreeRow = memo(({ row, totalMs, selected, stop, onSelect, onToggle }: RowProps) => {
  const { span, level, parent, open } = row;
  const kind = kindOf(span, parent);
  const bar = barOf(span, totalMs, kind === "agent" && parent);
  const { name, label } = nameOf(span);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys.
    <div
      role="treeitem"
      className={classNames("tree-row", span.error && "error")}
      data-span={span.span_id}
      aria-level={level}
      aria-selected={selected}
      aria-expanded={parent ? open : undefined}
      tabIndex={stop ? 0 : -1}
      style={{ "--depth": Math.min(level - 1, 24) } as React.CSSProperties}
      onClick={() => onSelect(span.span_id)}
    >
      <span className="tree-name">
        {parent ? (
          // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard's way is the arrows of the tree.
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
          <span
            className={open ? "twist open" : "twist"}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(span.span_id);
            }}
          >
            <Icon name="right" small />
          </span>
        ) : (
          <span className="twist-place" />
        )}
        <Icon name={icons[kind]} small />
        <span className="cut">
          <b dir="auto">{oneLine(name) || "without a name"}</b>{" "}
          {label ? (
            <span className="quiet" dir="auto">
              {oneLine(label)}
            </span>
          ) : null}
        </span>
        {span.duplicate ? (
          <span className="tag" title="The same call as its parent or child, recorded twice">
            twice
          </span>
        ) : null}
        {span.error ? (
          <span className="tree-error" title="The call failed">
            <Icon name="alert" small />
            <span className="unseen">failed call</span>
          </span>
        ) : null}
        <Marks span={span} />
      </span>
      <span className="tree-bars" title={duration(span.duration_ms)}>
        <i
          className={parent && kind === "agent" ? "agent whole" : kind}
          style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
        />
        {bar.label === "none" ? null : (
          <span
            className={bar.label}
            style={{ left: `${bar.label === "after" ? bar.left + bar.width : bar.left}%` }}
          >
            {duration(span.duration_ms)}
          </span>
        )}
      </span>
    </div>
  );
});

/** One shape for each kind of outcome, with how many when there are more. */
const Marks = ({ span }: { span: TreeSpan }) => {
  const { failed, none: failures, passed, valued, waiting } = span.verdicts;
  const worse = failed + failures > 0;
  return (
    <span className="tree-marks">
      {(
        [
          ["fail", failed],
          ["none", failures],
          ["pass", worse ? 0 : passed],
        ] as const
      ).map(([outcome, number]) =>
        number > 0 ? (
          <span key={outcome} title={`${count(number)} ${verdictWords[outcome].toLowerCase()}`}>
            <VerdictMark outcome={outcome} />
            {number > 1 ? number : null}
          </span>
        ) : null,
      )}
      {!worse && passed === 0 && valued > 0 ? (
        <span title={`${valued} without acceptance criteria`}>{valued} ·</span>
      ) : null}
      {waiting > 0 ? (
        <span className="turning" role="img" aria-label={`${waiting} waiting`} title={`${waiting} waiting`} />
      ) : null}
    </span>
  );
};
