// What the server has of an evaluator: the newest version is what an edit begins from.
import type { Definition, Evaluator } from "../../api/types";

export type Base = { version: string; definition: Definition; number: number };

/** The newest version: the draft above what is published, if there is one. */
export const newestOf = (evaluator: Evaluator): Base | null => {
  const { draft, draft_version: drafted, published, published_version: live } = evaluator;
  if (draft && drafted) return { version: drafted, definition: draft, number: evaluator.draft_number ?? 1 };
  if (published && live)
    return { version: live, definition: published, number: evaluator.published_number ?? 1 };
  return null;
};

/** The number that the next version gets when something changed. */
export const nextNumber = (evaluator: Evaluator | null): number =>
  evaluator ? Math.max(0, ...evaluator.versions.map((version) => version.number)) + 1 : 1;
