import { type FormEvent, useId, useState } from "react";
import { ApiError } from "../../api/client";
import type { Budgets, LimitSet, Standing } from "../../api/types";
import { Banner } from "../../components/banner";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Field, TextInput } from "../../components/field";
import { wordsOf } from "../../components/states";
import { percent } from "../../text/format";
import { formOf, type LimitForm, type LimitName, limitNames, limitWords, none, parseForm } from "./limits";
import { amount, periodWords } from "./standings";
import { changeOf, useSaveBudgets } from "./use-budgets";

const unitOf = (name: LimitName): Standing["unit"] => (name.startsWith("usd") ? "usd" : "tokens");
const periodOf = (name: LimitName): Standing["period"] => (name.endsWith("day") ? "day" : "month");

const limitsOf = (budgets: Budgets, evaluator: string | null): LimitSet =>
  evaluator === null ? budgets.all : (budgets.evaluators[evaluator] ?? none);

/** What changes, a line each: `USD a day: $20.00 → $30.00`. */
const changes = (before: LimitSet, after: LimitSet): string[] =>
  limitNames
    .filter((name) => before[name] !== after[name])
    .map((name) => {
      const words = (value: number) => (value === 0 ? "no limit" : amount({ unit: unitOf(name) }, value));
      return `${limitWords[name]}: ${words(before[name])} → ${words(after[name])}`;
    });

const raised = (before: LimitSet, after: LimitSet): boolean =>
  limitNames.some((name) => before[name] > 0 && (after[name] === 0 || after[name] > before[name]));

/**
 * The limits of one evaluator, or of all together (`evaluator` null). Raising one is asked about once more, with what
 * it may cost from then on; whoever was faster is shown, and nothing that was written is lost.
 */
export const BudgetDialog = ({
  budgets,
  evaluator,
  onClose,
}: {
  budgets: Budgets;
  evaluator: string | null;
  onClose: () => void;
}) => {
  const id = useId();
  const [base, setBase] = useState(budgets);
  const [form, setForm] = useState<LimitForm>(() => formOf(limitsOf(budgets, evaluator)));
  const [tried, setTried] = useState(false);
  const [sure, setSure] = useState(false);
  const save = useSaveBudgets(onClose);
  const before = limitsOf(base, evaluator);
  const { limits, errors } = parseForm(form);
  const wrong = Object.keys(errors).length > 0;
  const changed = changes(before, limits);
  const problem = save.error instanceof ApiError ? save.error : null;
  const stored = problem?.status === 409 ? (problem.body.current as Budgets | undefined) : undefined;
  const place = evaluator === null ? "all" : `evaluators.${evaluator}`;
  const title = evaluator === null ? "Budget of all evaluators" : `Budget of ${evaluator}`;
  const whose = evaluator ?? "all evaluators";

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrong) {
      const first = limitNames.find((name) => errors[name]);
      document.getElementById(`${id}-${first}`)?.focus();
      return;
    }
    if (changed.length === 0) return onClose();
    if (raised(before, limits) && !sure) return setSure(true);
    const evaluators = { ...base.evaluators };
    if (evaluator !== null) evaluators[evaluator] = limits;
    save.mutate({
      change: {
        revision: base.revision,
        all: evaluator === null ? limits : base.all,
        evaluators,
        reset: false,
      },
      before: base,
      words: changed.length === 1 ? `Budget of ${whose}: ${changed[0]}` : `Budget of ${whose} is changed`,
    });
  };
  const reset = () =>
    save.mutate({
      change: { ...changeOf(base), reset: true },
      before: base,
      words: "The limits of the settings hold again",
    });
  const write = (name: LimitName, value: string) => {
    setForm({ ...form, [name]: value });
    setSure(false);
    if (problem && problem.status !== 409) save.reset();
  };

  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          {evaluator === null && base.edited && (
            <>
              <Button look="ghost" busy={save.isPending} onClick={reset}>
                Back to the settings
              </Button>
              <span className="spacer" />
            </>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={id} busy={save.isPending}>
            {sure ? "Raise the budget" : "Save"}
          </Button>
        </>
      }
    >
      <form id={id} className="stack" onSubmit={submit} noValidate>
        <div className="two">
          {limitNames.map((name) => {
            const standing = base.standings.find(
              (one) =>
                one.evaluator === evaluator && one.unit === unitOf(name) && one.period === periodOf(name),
            );
            return (
              <Field
                key={name}
                label={limitWords[name]}
                error={(tried && errors[name]) || problem?.of(`${place}.${name}`)}
                help={
                  standing
                    ? `${amount(standing, standing.used)} used, ${percent(standing.used / standing.limit, 0)} of ${amount(standing, standing.limit)}`
                    : evaluator === null && base.from_settings[name] > 0 && base.edited
                      ? `The settings say ${amount({ unit: unitOf(name) }, base.from_settings[name])}`
                      : "empty: no limit"
                }
              >
                {(tied) => (
                  <TextInput
                    {...tied}
                    id={`${id}-${name}`}
                    aria-label={limitWords[name]}
                    inputMode="decimal"
                    placeholder="no limit"
                    value={form[name]}
                    onChange={(event) => write(name, event.target.value)}
                  />
                )}
              </Field>
            );
          })}
        </div>
        {sure && (
          <Banner tone="warn">
            <b>This raises what judging may cost.</b> {changed.join("; ")}. From now on, {whose} may use up to{" "}
            {limitNames
              .filter((name) => before[name] !== limits[name])
              .map((name) =>
                limits[name] === 0
                  ? `any amount of ${unitOf(name) === "usd" ? "USD" : "tokens"} ${periodWords[periodOf(name)]}`
                  : `${amount({ unit: unitOf(name) }, limits[name])} ${periodWords[periodOf(name)]}`,
              )
              .join(" and ")}
            .
          </Banner>
        )}
        {stored && (
          <Banner
            tone="warn"
            action={
              <Button
                small
                onClick={() => {
                  setBase(stored);
                  save.reset();
                }}
              >
                Save mine over it
              </Button>
            }
          >
            <b>Somebody else changed the budgets meanwhile.</b>{" "}
            {changes(before, limitsOf(stored, evaluator)).join("; ") ||
              "Not this one: yours can be saved as it is."}{" "}
            <button
              type="button"
              className="link"
              onClick={() => {
                setBase(stored);
                setForm(formOf(limitsOf(stored, evaluator)));
                save.reset();
              }}
            >
              Take theirs
            </button>
          </Banner>
        )}
        {save.isError &&
          !stored &&
          !(problem && limitNames.some((name) => problem.of(`${place}.${name}`))) && (
            <p role="alert" className="form-error">
              {wordsOf(save.error)}
            </p>
          )}
        <p className="quiet">
          Tokens and USD are reserved before a call is made. When a limit is used up, jobs wait until it
          resets.
        </p>
      </form>
    </Dialog>
  );
};
