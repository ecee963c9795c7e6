// What has changed, where it is kept, what is wrong, and the ways on.
import { Button } from "../../components/button";
import { Icon } from "../../components/icon";
import { VerdictMark } from "../../components/verdict";
import { useNow } from "../../state/now";
import { ago, plural } from "../../text/format";
import type { Issues } from "./issues";

type Props = {
  changes: number;
  since: string;
  isDirty: boolean;
  savedAt: number | null;
  issues: Issues;
  publishAs: string;
  busy: "" | "save" | "publish";
  canDiscard: boolean;
  canPublish: boolean;
  discardWords: string;
  onFix: () => void;
  onDiscard: () => void;
  onSave: () => void;
  onPublish: () => void;
};

export function SaveBar(props: Props) {
  const { changes, since, isDirty, savedAt, issues, publishAs, busy, canDiscard, canPublish, discardWords } =
    props;
  const now = useNow(5_000);
  const wrong = issues.errors.length;
  const seconds = savedAt === null ? "" : ago(new Date(savedAt).toISOString(), now);
  return (
    <section className="save-bar" aria-label="Save and publish">
      <span className="soft not-phone">
        {changes ? (
          <>
            <b>{plural(changes, "change")}</b> {since}
          </>
        ) : (
          `No change ${since}`
        )}
      </span>
      {isDirty && savedAt !== null && (
        <span className="quiet not-phone row">
          <Icon name="check" small />
          Kept in this browser, {seconds === "now" ? "now" : `${seconds} ago`}
        </span>
      )}
      {wrong > 0 && (
        <button type="button" className="to-fix" onClick={props.onFix}>
          <VerdictMark outcome="fail" silent />
          {wrong} to fix
        </button>
      )}
      <span className="spacer" />
      {canDiscard && (
        <Button look="ghost" className="not-phone" onClick={props.onDiscard}>
          {discardWords}
        </Button>
      )}
      <Button
        className="grow-phone"
        busy={busy === "save"}
        disabled={!isDirty || busy !== ""}
        title="Ctrl S"
        onClick={props.onSave}
      >
        Save draft
      </Button>
      <Button
        look="primary"
        className="grow-phone"
        busy={busy === "publish"}
        disabled={!canPublish || busy !== ""}
        onClick={props.onPublish}
      >
        Publish {publishAs} …
      </Button>
    </section>
  );
}
