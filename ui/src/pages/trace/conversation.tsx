// What was said in a span: messages by role, tool calls and their responses, and what the model was given besides.

import type { ShownDocument, ShownMessage, ShownPart, ShownTool, SpanDetail } from "../../api/types";
import { Icon, type IconName } from "../../components/icon";
import { plural, score } from "../../text/format";
import { oneLine } from "./inert";
import { LongText } from "./long-text";

const icons: Record<string, IconName> = {
  system: "gear",
  developer: "gear",
  user: "user",
  assistant: "bot",
  model: "bot",
  tool: "tool",
  function: "tool",
};

const roleWords = (role: string): string => {
  const words = oneLine(role) || "unknown";
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const Conversation = ({ span }: { span: SpanDetail }) => {
  const system = span.messages.some((message) => message.role === "system" || message.role === "developer")
    ? ""
    : span.system_prompt;
  const empty =
    !system &&
    span.messages.length === 0 &&
    span.documents.length === 0 &&
    span.tools.length === 0 &&
    !span.expected;
  return (
    <div className="talk">
      {span.error ? (
        <p className="banner warn" role="note">
          <Icon name="alert" />
          <span dir="auto">{oneLine(span.error_message) || "The call failed and left no message"}</span>
        </p>
      ) : null}
      {system ? (
        <Message message={{ role: "system", name: null, parts: [textPart(system)], is_output: false }} />
      ) : null}
      {span.messages.map((message, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages have no ids and never change their places.
        <Message key={at} message={message} />
      ))}
      {span.documents.length > 0 ? <Documents documents={span.documents} /> : null}
      {span.expected ? (
        <section className="msg" aria-label="Expected answer">
          <span className="who">
            <Icon name="check" small />
            Expected answer
          </span>
          <LongText className="bubble" text={span.expected} />
        </section>
      ) : null}
      {span.tools.length > 0 ? <Tools tools={span.tools} /> : null}
      {empty ? <NoContent span={span} /> : null}
    </div>
  );
};

const textPart = (text: string): ShownPart => ({ kind: "text", text, tool_call: null, total_chars: 0 });

const NoContent = ({ span }: { span: SpanDetail }) => (
  <div className="empty">
    <b>No conversation on this span</b>
    <p>
      {span.operation
        ? "Its instrumentation captured no content. Switch content capturing on there to read and judge it."
        : "It is no call of a model: its attributes tell what it did."}
    </p>
  </div>
);

const kindOfRole = (role: string): string =>
  role === "developer" ? "system" : role === "model" ? "assistant" : role === "function" ? "tool" : role;

const Message = ({ message }: { message: ShownMessage }) => {
  const role = kindOfRole(message.role);
  const calls = message.parts.filter((part) => part.kind === "tool_call").length;
  const known = ["system", "user", "assistant", "tool"].includes(role);
  return (
    <section className={`msg ${known ? role : "other"}`} aria-label={`${roleWords(message.role)} message`}>
      <span className="who">
        <Icon name={icons[message.role] ?? "chat"} small />
        {roleWords(message.role)}
        {message.name ? <bdi className="quiet cut">{oneLine(message.name)}</bdi> : null}
        {calls > 0 ? (
          <span className="quiet">{calls === 1 ? "called a tool" : `called ${calls} tools`}</span>
        ) : null}
        {message.is_output ? <span className="tag">output</span> : null}
      </span>
      {message.parts.length === 0 ? <p className="quiet">Empty message</p> : null}
      {message.parts.map((part, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no ids and never change their places.
        <Part key={at} part={part} />
      ))}
    </section>
  );
};

const Part = ({ part }: { part: ShownPart }) => {
  switch (part.kind) {
    case "text":
      return <LongText className="bubble" text={part.text} totalChars={part.total_chars} />;
    case "reasoning":
      return (
        <details className="more reasoning">
          <summary>
            <Icon name="right" small />
            Reasoning
          </summary>
          <div className="in-more">
            <LongText className="bubble quiet" text={part.text} totalChars={part.total_chars} />
          </div>
        </details>
      );
    case "tool_call":
      return (
        <div className="tool-call">
          <header>
            <Icon name="tool" small />
            <b className="cut" dir="auto">
              {oneLine(part.tool_call?.name ?? "") || "tool without a name"}
            </b>
            {part.tool_call?.id ? <span className="quiet mono cut">{oneLine(part.tool_call.id)}</span> : null}
          </header>
          {part.tool_call?.arguments ? (
            <LongText code text={part.tool_call.arguments} totalChars={part.total_chars} />
          ) : (
            <p className="quiet">No arguments</p>
          )}
        </div>
      );
    case "tool_response":
      return (
        <div className="tool-call">
          {part.text ? (
            <LongText code text={part.text} totalChars={part.total_chars} />
          ) : (
            <p className="quiet">Empty response</p>
          )}
        </div>
      );
    case "media":
    case "other":
      return (
        <p className="not-shown">
          <Icon name="document" small />
          <span dir="auto">{oneLine(part.text) || "A part that is no text"}</span>
        </p>
      );
  }
};

const Documents = ({ documents }: { documents: ShownDocument[] }) => (
  <section className="msg" aria-label="Retrieved documents">
    <span className="who">
      <Icon name="document" small />
      {plural(documents.length, "retrieved document")}
    </span>
    {documents.map((document, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: documents have no ids and never change their places.
      <div key={at} className="document">
        <header>
          <span className="quiet">{at + 1}</span>
          <b className="cut" dir="auto">
            {oneLine(document.title) || "Without a title"}
          </b>
          {document.score === null ? null : <span className="quiet">score {score(document.score)}</span>}
        </header>
        <LongText text={document.text} totalChars={document.total_chars} lines={8} className="text" />
      </div>
    ))}
  </section>
);

const Tools = ({ tools }: { tools: ShownTool[] }) => (
  <section className="msg" aria-label="Tools">
    <span className="who">
      <Icon name="tool" small />
      {plural(tools.length, "tool")} the model could call
    </span>
    {tools.map((tool, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: two tools may carry one name.
      <details key={at} className="more tool-definition">
        <summary>
          <Icon name="right" small />
          <b className="cut" dir="auto">
            {oneLine(tool.name) || "Without a name"}
          </b>
          <span className="quiet cut" dir="auto">
            {oneLine(tool.description)}
          </span>
        </summary>
        <div className="in-more">
          {tool.description ? <LongText text={tool.description} className="text" /> : null}
          {tool.parameters === null || tool.parameters === undefined ? null : (
            <div className="tool-call">
              <LongText code text={JSON.stringify(tool.parameters)} />
            </div>
          )}
        </div>
      </details>
    ))}
  </section>
);
