import type { EvaluatorRow } from "../../api/types";
import { Icon } from "../../components/icon";
import { Menu, type MenuEntry } from "../../components/menu";
import { useActions } from "./actions";

export function RowMenu({
  row,
  inCard = false,
  onArchive,
  onBackfill,
}: {
  row: EvaluatorRow;
  /** The one of the narrow layout, where a row is a card. */
  inCard?: boolean;
  onArchive: () => void;
  onBackfill: () => void;
}) {
  const actions = useActions();
  const name = encodeURIComponent(row.name);
  const entries: MenuEntry[] = [{ label: "Edit", icon: "pencil", to: `/evaluators/${name}` }];
  if (row.status === "published")
    entries.push({ label: "Pause", icon: "pause", onChoose: () => void actions.pause(row.name) });
  if (row.status === "paused")
    entries.push({ label: "Resume", icon: "play", onChoose: () => void actions.resume(row.name) });
  if (row.status === "published" || row.status === "paused") {
    entries.push({ label: "Judge stored spans …", icon: "history", onChoose: onBackfill });
  }
  if (row.status === "archived")
    entries.push({ label: "Publish again", icon: "play", onChoose: () => void actions.publish(row) });
  entries.push({ label: "Duplicate", icon: "copy", to: `/evaluators/new?copy=${name}` });
  entries.push({ label: "Results", icon: "results", to: `/results?evaluator=${name}` });
  if (row.status !== "archived")
    entries.push({ label: "Archive …", icon: "bin", danger: true, onChoose: onArchive });
  return (
    <Menu
      small
      look="ghost"
      className={inCard ? "in-card" : undefined}
      arrow={false}
      entries={entries}
      label={
        <>
          <Icon name="more" small />
          <span className="unseen">Actions of {row.name}</span>
        </>
      }
    />
  );
}
