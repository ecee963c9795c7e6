import { Card } from "../../components/card";
import { Segmented } from "../../components/segmented";
import { ServiceName } from "../../components/tag";
import { TokenField } from "../../components/token-field";
import { count } from "../../text/format";
import { useServices } from "./asking";
import { useEditing } from "./editing";
import { LiveCount } from "./live-count";
import { NumberField } from "./number-field";
import { PlaceField } from "./place";
import { Rules } from "./rules";

const targets = [
  { value: "span", label: "Span" },
  { value: "trace", label: "Trace" },
  { value: "session", label: "Session" },
] as const;

export function Scope() {
  const { form, edit, readOnly } = useEditing();
  const { target, scope } = form.definition;
  const { data } = useServices();
  const services = (data?.services ?? []).map(({ value, count: spans }) => ({ value, hint: count(spans) }));
  const setSampling = (sampling: number | null) => edit({ scope: { ...scope, sampling: sampling ?? 100 } });
  return (
    <Card title="Scope">
      <div className="stack">
        <div className="two">
          <PlaceField place="target" label="Target" group>
            {() => (
              <Segmented
                className="self-start"
                label="Target"
                value={target}
                options={targets}
                onChange={(next) => edit({ target: next })}
              />
            )}
          </PlaceField>
          <PlaceField place="scope.sampling" label="Sampling" aside="of matching traces, in percent">
            {(props) => (
              <div className="range">
                <input
                  type="range"
                  aria-label="Sampling"
                  aria-valuetext={`${scope.sampling}%`}
                  min={0}
                  max={100}
                  step={1}
                  disabled={readOnly}
                  style={{ "--at": `${scope.sampling}%` } as React.CSSProperties}
                  value={scope.sampling}
                  onChange={(event) => setSampling(Number(event.target.value))}
                />
                <NumberField
                  place="scope.sampling"
                  props={props}
                  value={scope.sampling}
                  onChange={setSampling}
                />
              </div>
            )}
          </PlaceField>
        </div>
        <PlaceField place="scope.services" label="Services">
          {(props) => (
            <TokenField
              {...props}
              values={scope.services}
              onChange={(next) => edit({ scope: { ...scope, services: next } })}
              choices={services}
              label="Add a service"
              placeholder={scope.services.length ? "Add" : "All; add one to narrow"}
              render={(value) => <ServiceName name={value} />}
            />
          )}
        </PlaceField>
        <Rules />
        <LiveCount />
      </div>
    </Card>
  );
}
