// How many spans the scope takes now, from all that came to what is judged.
import { Fragment, type ReactNode } from "react";
import type { Preview } from "../../api/types";
import { Icon } from "../../components/icon";
import { count } from "../../text/format";
import { useEditing } from "./editing";
import { withoutUnparsedOf } from "./form";
import { usePreviewed } from "./previewed";

/** The rule whose removal brings back the most, when nothing matches and one is to blame. */
export const blamed = (preview: Preview) => {
  if (preview.matching > 0) return null;
  const found = preview.rules.reduce<Preview["rules"][number] | null>(
    (best, rule) => (rule.without > (best?.without ?? 0) ? rule : best),
    null,
  );
  return found;
};

export function LiveCount() {
  const { form, update, readOnly } = useEditing();
  const { data, error, isFetching, current, refetch } = usePreviewed();
  const { target, scope } = form.definition;
  if (error && !isFetching) {
    return (
      <div className="match" role="status">
        <span className="grow" dir="auto">
          Not counted: {error.message}
        </span>
        <button type="button" className="link" onClick={() => void refetch()}>
          Try again
        </button>
      </div>
    );
  }
  if (!data) {
    return (
      <div className="match" role="status">
        <span className="skeleton grow" />
        <span className="unseen">Counting spans</span>
      </div>
    );
  }
  const rule = blamed(data);
  const from = scope.services.length
    ? ` of ${scope.services.length === 1 ? scope.services[0] : `${scope.services.length} services`}`
    : "";
  const about = data.exact ? "" : "about ";
  const steps: ReactNode[] = [
    <>
      <b>
        {about}
        {count(data.received)}
      </b>{" "}
      {data.received === 1 ? target : `${target}s`}
      {from} in 24 h
    </>,
    <>
      <b>{count(data.matching)}</b> match
    </>,
  ];
  if (data.with_content < data.matching) {
    steps.push(
      <>
        <b>{count(data.with_content)}</b> have what it needs
      </>,
    );
  }
  steps.push(
    <>
      <b>{count(data.judged)}</b> judged
    </>,
  );
  const drop = () =>
    rule &&
    update((before) => {
      const cleared = withoutUnparsedOf(before, "scope.rules");
      const { scope: held } = cleared.definition;
      const rules = held.rules.filter((_, at) => at !== rule.index);
      return { ...cleared, definition: { ...cleared.definition, scope: { ...held, rules } } };
    });
  return (
    <div
      className={`match${data.judged === 0 && data.received > 0 ? " zero" : ""}${current ? "" : " older"}`}
      role="status"
      title={data.note || undefined}
    >
      <span className="funnel grow">
        {steps.map((step, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the steps have no other name than their place.
          <Fragment key={at}>
            {at > 0 && <Icon name="right" small />}
            <span>{step}</span>
          </Fragment>
        ))}
      </span>
      {rule && !readOnly ? (
        <button type="button" className="link nowrap" onClick={drop} title="Removes the rule">
          Without rule {rule.index + 1}: {count(rule.without)}
        </button>
      ) : (
        data.judged === 0 &&
        data.matching > 0 &&
        data.reasons[0] && (
          <span className="nowrap">
            {count(data.reasons[0].count)} × {data.reasons[0].value}
          </span>
        )
      )}
    </div>
  );
}
