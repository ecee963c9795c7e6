// What people copy into their configuration, made of this server's addresses and a token. Pure.
import type { Setup } from "../../api/types";

/** Stands where the token goes until there is one. */
export const placeholder = "YOUR_TOKEN";

export type Place = Pick<Setup, "http" | "grpc">;

export const collector = ({ http }: Place, token: string): string => `receivers:
  otlp: {protocols: {grpc: {}, http: {}}}
exporters:
  otlphttp/spanjudge:
    endpoint: "${http}"
    headers: {authorization: "Bearer ${token}"}
    compression: gzip
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlphttp/spanjudge]}
    # some instrumentations put the content in logs
    logs: {receivers: [otlp], exporters: [otlphttp/spanjudge]}`;

/** For every OpenTelemetry SDK that reads its environment; the space is encoded as the specification asks. */
export const environment = (
  { http }: Place,
  token: string,
): string => `export OTEL_EXPORTER_OTLP_ENDPOINT="${http}"
export OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf"
export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${token}"
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true"
# the last line is for the answers themselves: without content nothing can be judged`;

export const python = (
  place: Place,
  token: string,
): string => `pip install opentelemetry-distro opentelemetry-exporter-otlp opentelemetry-instrumentation-openai-v2

export OTEL_SERVICE_NAME="my-application"
${environment(place, token)}
opentelemetry-instrument python app.py`;

export const javascript = (
  { http }: Place,
  token: string,
): string => `// npm install @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto @opentelemetry/instrumentation-openai
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { OpenAIInstrumentation } from "@opentelemetry/instrumentation-openai";
import { NodeSDK } from "@opentelemetry/sdk-node";

new NodeSDK({
  serviceName: "my-application",
  traceExporter: new OTLPTraceExporter({
    url: "${http}/v1/traces",
    headers: { authorization: "Bearer ${token}" },
  }),
  instrumentations: [new OpenAIInstrumentation({ captureMessageContent: true })],
}).start();`;

export const openobserve = ({ http }: Place): string => `# Evaluations > Scorers > Remote
url: ${http}/evaluate
# one scorer for each evaluator; the token is in the files below`;

const hex = (bytes: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

/** One model call as OTLP JSON, of now, with new ids: each time it is sent, it is another trace. */
export const oneSpan = ({ http }: Place, token: string, now: number): string => {
  const text = (value: string) => ({ stringValue: value });
  const said = (role: string, content: string) =>
    text(JSON.stringify([{ role, parts: [{ type: "text", content }] }]));
  const body = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: text("by-hand") }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: hex(16),
                spanId: hex(8),
                name: "chat gpt-4o-mini",
                kind: 3,
                startTimeUnixNano: `${now - 1200}000000`,
                endTimeUnixNano: `${now}000000`,
                attributes: [
                  { key: "gen_ai.operation.name", value: text("chat") },
                  { key: "gen_ai.request.model", value: text("gpt-4o-mini") },
                  { key: "gen_ai.input.messages", value: said("user", "Where is my parcel?") },
                  { key: "gen_ai.output.messages", value: said("assistant", "It arrives on Monday.") },
                ],
              },
            ],
          },
        ],
      },
    ],
  };
  return `curl ${http}/v1/traces -H "authorization: Bearer ${token}" -H "content-type: application/json" -d '${JSON.stringify(body)}'`;
};

/** A token that may be looked at over a shoulder: its beginning and its end. */
export const masked = (token: string): string =>
  token === placeholder || token.length < 16 ? token : `${token.slice(0, 8)}…${token.slice(-3)}`;
