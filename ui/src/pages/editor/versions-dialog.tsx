// The versions of an evaluator: what any two say differently, and an old one back as a draft.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import type { Definition, Diff, Evaluator, Version } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { QueryPanel, wordsOf } from "../../components/states";
import { useNow } from "../../state/now";
import { useMayChange } from "../../state/session";
import { toast } from "../../state/toast";
import { count, fullTime, moment } from "../../text/format";
import { changesOf, DiffView } from "./diff";

type Props = {
  evaluator: Evaluator;
  onRestore: (definition: Definition, number: number) => void;
  onClose: () => void;
};

export function VersionsDialog({ evaluator, onRestore, onClose }: Props) {
  const mayChange = useMayChange();
  const now = useNow();
  const versions = [...evaluator.versions].sort((one, other) => other.number - one.number);
  const [to, setTo] = useState(versions[0]?.number ?? 1);
  const [from, setFrom] = useState(versions[1]?.number ?? versions[0]?.number ?? 1);
  const path = `/evaluators/${encodeURIComponent(evaluator.name)}`;
  const diff = useQuery({
    queryKey: ["evaluator-diff", evaluator.name, from, to],
    queryFn: ({ signal }) => api.get<Diff>(`${path}/diff`, { query: { before: from, after: to }, signal }),
    enabled: from !== to,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const restore = async (version: Version) => {
    try {
      const definition = await api.get<Definition>(`${path}/versions/${version.number}`);
      onRestore(definition, version.number);
    } catch (error) {
      toast(wordsOf(error), { tone: "wrong" });
    }
  };
  const newest = versions[0]?.number;
  return (
    <Dialog wide title={`Versions of ${evaluator.name}`} onClose={onClose}>
      <table className="table versions" aria-label="Versions">
        <thead>
          <tr>
            <th>From</th>
            <th>To</th>
            <th>Version</th>
            <th>Status</th>
            <th>Made</th>
            <th className="end">Results</th>
            <th>
              <span className="unseen">Restore</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <tr key={version.number}>
              <td>
                <input
                  type="radio"
                  name="version-from"
                  aria-label={`Compare from v${version.number}`}
                  checked={from === version.number}
                  onChange={() => setFrom(version.number)}
                />
              </td>
              <td>
                <input
                  type="radio"
                  name="version-to"
                  aria-label={`Compare to v${version.number}`}
                  checked={to === version.number}
                  onChange={() => setTo(version.number)}
                />
              </td>
              <td>
                <b>v{version.number}</b> <code className="quiet">{version.version.slice(0, 7)}</code>
              </td>
              <td>{version.status}</td>
              <td title={fullTime(version.created)}>{moment(version.created, now)}</td>
              <td className="end">{version.results === null ? "–" : count(version.results)}</td>
              <td>
                {mayChange && version.number !== newest && (
                  <Button small look="ghost" onClick={() => void restore(version)}>
                    Restore
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {from === to ? (
        <p className="quiet">
          {versions.length > 1 ? "Choose two versions to compare" : "There is one version only"}
        </p>
      ) : (
        <QueryPanel query={diff} what="The difference could not be loaded">
          {(found) =>
            found.changes.length ? (
              <DiffView changes={changesOf(found.changes)} label={`From v${from} to v${to}`} />
            ) : (
              <p className="quiet">
                v{from} and v{to} say the same
              </p>
            )
          }
        </QueryPanel>
      )}
    </Dialog>
  );
}
