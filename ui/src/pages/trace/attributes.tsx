// Every attribute of a span as it was received, with a search field.
import { useState } from "react";
import type { Attribute, SpanDetail } from "../../api/types";
import { CopyButton } from "../../components/button";
import { Icon } from "../../components/icon";
import { count, duration, fullTime } from "../../text/format";
import { oneLine } from "./inert";
import { LongText } from "./long-text";

/** What the span itself says besides its attributes. */
const ownFacts = (span: SpanDetail): Attribute[] => {
  const fact = (name: string, value: string | null | undefined): Attribute[] =>
    value ? [{ name, value, type: "string", total_chars: value.length }] : [];
  return [
    ...fact("span name", span.name),
    ...fact("trace id", span.trace_id),
    ...fact("span id", span.span_id),
    ...fact("parent span id", span.parent_span_id),
    ...fact("span kind", span.kind),
    ...fact("start", fullTime(span.start)),
    ...fact("duration", duration(span.duration_ms)),
    ...fact("received", fullTime(span.received)),
    ...fact("error", span.error ? span.error_message || "yes" : ""),
    ...fact("read as", span.dialect),
  ];
};

const fits = (attribute: Attribute, wanted: string): boolean =>
  attribute.name.toLowerCase().includes(wanted) || attribute.value.toLowerCase().includes(wanted);

export const Attributes = ({ span }: { span: SpanDetail }) => {
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const groups = [
    { title: "Attributes", items: span.attributes },
    { title: "Resource", items: span.resource_attributes },
    { title: "Span", items: ownFacts(span) },
  ].map((group) => ({ ...group, items: group.items.filter((item) => !wanted || fits(item, wanted)) }));
  const total = span.attributes.length + span.resource_attributes.length;
  const found = groups.reduce((sum, group) => sum + group.items.length, 0);
  return (
    <>
      <div className="attr-search">
        <label className="search">
          <Icon name="search" small />
          <span className="unseen">Search attributes</span>
          <input
            type="search"
            className="input"
            placeholder={`Search ${count(total)} attributes`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
      </div>
      {found === 0 ? <p className="empty">No attribute has “{text.trim()}” in its name or value</p> : null}
      {groups.map((group) =>
        group.items.length === 0 ? null : (
          <section key={group.title} aria-label={group.title}>
            <h3 className="group-head">{group.title}</h3>
            <table className="attrs">
              <caption className="unseen">{group.title}: name, value</caption>
              <colgroup>
                <col className="attr-name" />
                <col />
                <col className="attr-tools" />
              </colgroup>
              <tbody>
                {group.items.map((attribute, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a name may come twice, and the order is the span's.
                  <tr key={`${attribute.name} ${at}`}>
                    <th scope="row" dir="auto">
                      {oneLine(attribute.name)}
                    </th>
                    <td>
                      <LongText
                        code
                        text={attribute.value}
                        totalChars={attribute.total_chars}
                        lines={8}
                        width={56}
                      />
                    </td>
                    <td className="tools">
                      <CopyButton text={attribute.value} label={`Copy ${oneLine(attribute.name)}`} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        ),
      )}
    </>
  );
};
