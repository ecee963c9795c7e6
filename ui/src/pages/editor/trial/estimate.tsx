// What publishing would mean: calls, tokens, money, and what is left to spend.
import type { ReactNode } from "react";
import type { Preview } from "../../../api/types";
import { compact, count, money } from "../../../text/format";

const budget = ({ budget_left_usd: usd, budget_left_tokens: tokens }: Preview): string =>
  usd !== null ? money(usd) : tokens !== null ? `${compact(tokens)} tokens` : "no limit";

export function Estimate({ preview }: { preview: Preview | undefined }) {
  const short =
    preview &&
    preview.budget_left_usd !== null &&
    preview.usd_day !== null &&
    preview.usd_day > preview.budget_left_usd;
  return (
    <section className="trial-part" aria-label="If published">
      <header className="group-head">
        If published
        <span className="spacer" />
        <span className="quiet">from the last 24 hours</span>
      </header>
      <div className="estimate-box">
        <dl className="estimate">
          <Part name="Calls a day">{preview ? count(preview.calls_day) : "–"}</Part>
          <Part name="Tokens a call">{preview ? count(preview.tokens_call) : "–"}</Part>
          <Part name="Cost a day">
            {!preview ? "–" : preview.usd_day === null ? "price not known" : money(preview.usd_day)}
          </Part>
          <Part name="Budget left" warn={short ?? false}>
            {preview ? budget(preview) : "–"}
          </Part>
        </dl>
        {preview?.batched && (
          <p className="quiet">Shares its calls with other evaluators of the judge model.</p>
        )}
        {preview?.note && <p className="quiet">{preview.note}</p>}
      </div>
    </section>
  );
}

const Part = ({ name, warn = false, children }: { name: string; warn?: boolean; children: ReactNode }) => (
  <div className={warn ? "short" : undefined}>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
