import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../../api/client";
import type { GalleryEntry, Gallery as GalleryShape } from "../../api/types";
import { Icon } from "../../components/icon";
import { Segmented } from "../../components/segmented";
import { EmptyState, QueryPanel, Skeleton } from "../../components/states";
import { Tag } from "../../components/tag";
import { useUrlState } from "../../state/url";

type Room = "all" | GalleryEntry["room"];
const rooms = ["all", "templates", "metrics", "scorers"] as const;
const names: Record<Room, string> = {
  all: "All",
  templates: "Templates",
  metrics: "Metrics",
  scorers: "Scorers",
};
const one: Record<GalleryEntry["room"], string> = {
  templates: "template",
  metrics: "metric",
  scorers: "scorer",
};

/** `goal_completeness` as a title: `Goal completeness`. */
export const titleOf = (name: string): string => {
  const words = name.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
};

/** Which answers pass, in a few words. */
export const passing = ({ definition }: GalleryEntry): string => {
  const { acceptance, answer } = definition;
  if (!acceptance) return "no verdict, its value only";
  if (acceptance.pass_values) {
    const failing = answer.labels.filter((label) => !acceptance.pass_values?.includes(label.name));
    const short = acceptance.pass_values.length > 3 && failing.length < acceptance.pass_values.length;
    return short
      ? `passes: all but ${failing.map((label) => label.name).join(", ")}`
      : `passes: ${acceptance.pass_values.join(", ")}`;
  }
  if (acceptance.pass_when !== null) return `passes: ${acceptance.pass_when}`;
  const range = `${answer.min ?? 0}–${answer.max ?? 1}`;
  if (acceptance.min !== null && acceptance.max !== null)
    return `${range}, passes from ${acceptance.min} to ${acceptance.max}`;
  return acceptance.min !== null
    ? `${range}, passes from ${acceptance.min}`
    : `${range}, passes up to ${acceptance.max}`;
};

const isFound = (entry: GalleryEntry, text: string): boolean => {
  const where = [
    entry.name,
    titleOf(entry.name),
    entry.description,
    entry.answer_type,
    entry.target,
    ...entry.labels,
    ...entry.needs,
  ]
    .join("\n")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => where.includes(word));
};

export function Gallery({ search }: { search: string }) {
  const [room, setRoom] = useUrlState<Room>("gallery", "all", rooms);
  const query = useQuery({
    queryKey: ["gallery"],
    queryFn: ({ signal }) => api.get<GalleryShape>("/gallery", { signal }),
    staleTime: 60_000,
  });
  const items = query.data?.items ?? [];
  const options = rooms.map((value) => ({
    value,
    label: names[value],
    count: query.data
      ? String(items.filter((entry) => value === "all" || entry.room === value).length)
      : undefined,
  }));
  const shown = items.filter((entry) => (room === "all" || entry.room === room) && isFound(entry, search));
  return (
    <section className="gallery-part" id="gallery" aria-label="Gallery">
      <header className="section-head">
        <h2>Gallery</h2>
        <p className="not-phone quiet">
          Start from one of these; every one is a file you can read and change.
        </p>
        <span className="spacer" />
        <Segmented label="Kind" value={room} options={options} onChange={setRoom} />
      </header>
      <QueryPanel
        query={query}
        what="The gallery could not be loaded"
        skeleton={<Skeleton rows={6} height={60} />}
      >
        {() => (
          <div className="gallery">
            <Link className="template scratch" to="/evaluators/new">
              <h3>
                LLM-as-a-Judge from scratch
                <Icon name="plus" small />
              </h3>
              <p>Write a rubric, or a system and a user prompt of your own, and choose the answer format.</p>
              <span className="template-foot">category, boolean or score</span>
            </Link>
            {shown.map((entry) => (
              <Link
                className="template"
                key={entry.id}
                to={`/evaluators/new?from=${encodeURIComponent(entry.id)}`}
              >
                <h3>
                  <span className="cut">{titleOf(entry.name)}</span>
                  {entry.in_use && <Tag title="An evaluator of this name exists">in use</Tag>}
                  <Tag>{entry.answer_type}</Tag>
                </h3>
                <p>{entry.description}</p>
                <span className="template-foot">
                  <span className="cut grow">{passing(entry)}</span>
                  {one[entry.room]}
                </span>
              </Link>
            ))}
            {shown.length === 0 && (
              <EmptyState icon="search" title={`Nothing in the gallery fits “${search}”`} />
            )}
          </div>
        )}
      </QueryPanel>
    </section>
  );
}
