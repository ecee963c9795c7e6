// An evaluator file, pasted or picked: it is read first and opened in the editor, where nothing is saved yet.
import { useState } from "react";
import { useNavigate } from "react-router";
import { api } from "../../api/client";
import type { Issue, Parsed } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Field, TextArea } from "../../components/field";
import { wordsOf } from "../../components/states";
import { wrong } from "../editor/issues";

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const go = useNavigate();
  const [yaml, setYaml] = useState("");
  const [issues, setIssues] = useState<readonly Issue[]>([]);
  const [busy, setBusy] = useState(false);
  const read = async () => {
    setBusy(true);
    try {
      const parsed = await api.post<Parsed>("/evaluators/parse", { yaml });
      if (parsed.definition) {
        void go("/evaluators/new?from=file", { state: { definition: parsed.definition } });
        return;
      }
      setIssues(parsed.issues.filter((issue) => issue.severity === "error"));
    } catch (error) {
      setIssues([wrong("", wordsOf(error))]);
    } finally {
      setBusy(false);
    }
  };
  const error = issues.length
    ? issues.map((issue) => (
        <span key={issue.field + issue.message} className="import-issue" dir="auto">
          {issue.line !== null && `line ${issue.line} `}
          {issue.field && <code>{issue.field}</code>} {issue.message}
        </span>
      ))
    : undefined;
  return (
    <Dialog
      wide
      title="Import an evaluator file"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={busy} disabled={yaml.trim() === ""} onClick={() => void read()}>
            Open in the editor
          </Button>
        </>
      }
    >
      <Field label="Evaluator file" aside="YAML, as the command line and the gallery have it" error={error}>
        {(tied) => (
          <TextArea
            {...tied}
            mono
            rows={14}
            spellCheck={false}
            value={yaml}
            onChange={(event) => {
              setYaml(event.target.value);
              setIssues([]);
            }}
          />
        )}
      </Field>
      <label className="file-choice">
        <span>or choose a file</span>
        <input
          type="file"
          accept=".yaml,.yml"
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) void file.text().then((text) => setYaml(text));
          }}
        />
      </label>
    </Dialog>
  );
}
