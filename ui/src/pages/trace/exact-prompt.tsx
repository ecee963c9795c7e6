// What the judge model was asked, loaded when somebody wants to see it.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import type { Result, SentPrompt } from "../../api/types";
import { CopyButton } from "../../components/button";
import { Icon } from "../../components/icon";
import { QueryPanel, Skeleton } from "../../components/states";
import { visible } from "./inert";
import { JsonText } from "./long-text";

export const PromptOf = ({ result }: { result: Pick<Result, "id"> }) => {
  const prompt = useQuery({
    queryKey: ["prompt", result.id],
    queryFn: ({ signal }) =>
      api.get<SentPrompt>(`/results/${encodeURIComponent(result.id)}/prompt`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <QueryPanel
      query={prompt}
      what="The prompt could not be loaded"
      skeleton={<Skeleton rows={3} height={22} />}
    >
      {(sent) => <Sent sent={sent} />}
    </QueryPanel>
  );
};

export const ExactPrompt = ({ result }: { result: Pick<Result, "id"> }) => {
  const [open, setOpen] = useState(false);
  return (
    <details className="more prompt" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="right" small />
        Exact prompt
      </summary>
      <div className="in-more">{open ? <PromptOf result={result} /> : null}</div>
    </details>
  );
};

const Sent = ({ sent }: { sent: SentPrompt }) => {
  const schema = sent.answer_schema ? JSON.stringify(sent.answer_schema, null, 2) : "";
  const all = [sent.system && `system\n${sent.system}`, `user\n${sent.user}`, schema && `answer\n${schema}`];
  return (
    <>
      {sent.shared_with.length > 0 ? (
        <p className="quiet small-text">
          Judged in the same call as {sent.shared_with.join(", ")}: tokens and cost are divided among them.
        </p>
      ) : null}
      {sent.exact && !sent.note ? null : (
        <p className="doubt">
          <Icon name="alert" small />
          {sent.note || "Not word for word: the span got more content since, or parts are not known"}
        </p>
      )}
      <div className="prompt-sent">
        <CopyButton small text={all.filter(Boolean).join("\n\n")} label="Copy prompt" />
        {sent.system ? <Block of="system" text={sent.system} /> : null}
        <Block of="user" text={sent.user} />
        {schema ? (
          <div>
            <span className="prompt-role">answer must fit</span>
            <pre>
              <JsonText text={schema} />
            </pre>
          </div>
        ) : null}
      </div>
    </>
  );
};

const fences = /(<<<(?:end )?[a-z_]+ [0-9a-f]{8,}>>>)/;

type Piece = { at: number; text: string; fence: boolean };

const piecesOf = (text: string): Piece[] => {
  let at = 0;
  return text.split(fences).map((part, index) => {
    const piece = { at, text: part, fence: index % 2 === 1 };
    at += part.length;
    return piece;
  });
};

/** The prompt as it was sent. The fences around untrusted text are quiet, so that the text stands out. */
const Block = ({ of, text }: { of: string; text: string }) => (
  <div>
    <span className="prompt-role">{of}</span>
    <pre dir="auto">
      {piecesOf(visible(text)).map((piece) => (
        <span key={piece.at} className={piece.fence ? "fence" : undefined}>
          {piece.text}
        </span>
      ))}
    </pre>
  </div>
);
