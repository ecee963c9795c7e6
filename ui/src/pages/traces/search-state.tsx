import { Waiting } from "../../components/live-mark";
import { useNow } from "../../state/now";
import { count, moment } from "../../text/format";
import type { LiveList } from "./live-list";

/** How much of the list is here, and how far a text search has looked. */
export const SearchState = <Item,>({ list, one }: { list: LiveList<Item>; one: string }) => {
  const now = useNow(60_000);
  const rows = list.rows.length;
  const words = `${count(rows)} ${rows === 1 ? one : `${one}s`}`;
  const reached = list.reached ? moment(list.reached, now) : "";
  if (list.searching)
    return <Waiting>{`${words} found${reached ? `, looked back to ${reached}` : ""}`}</Waiting>;
  if (list.end) return <span>{words}</span>;
  if (list.reached)
    return (
      <span>
        {words} found, looked back to {reached}{" "}
        <button type="button" className="link" onClick={list.loadMore}>
          Look further
        </button>
      </span>
    );
  return <span>{words} shown, more as you scroll</span>;
};
