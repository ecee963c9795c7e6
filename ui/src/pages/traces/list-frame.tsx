// What stands around the rows of a live list, whatever they are.
import { Keys } from "../../components/keys-overlay";
import { count } from "../../text/format";
import type { LiveList } from "./live-list";

/** Lets in the rows that came above what is being read. */
export const NewRows = <Item,>({
  list,
  one,
  onShow,
}: {
  list: LiveList<Item>;
  one: string;
  onShow: () => void;
}) =>
  list.fresh > 0 ? (
    <button type="button" className="new-rows" onClick={onShow}>
      {count(list.fresh)}
      {list.freshMore ? " or more" : ""} new {list.fresh === 1 ? one : `${one}s`} <kbd>n</kbd>
    </button>
  ) : null;

/** The keys of the list, as [keys, what they do]; a phone has none. */
export const KeysLine = ({ keys }: { keys: readonly (readonly [string, string])[] }) => (
  <span className="keys-line not-phone">
    {keys.map(([caps, does]) => (
      <span key={caps}>
        <Keys keys={caps} /> {does}
      </span>
    ))}
  </span>
);
