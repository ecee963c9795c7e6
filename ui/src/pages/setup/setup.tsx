import { Card, List } from "../../components/card";
import { Page } from "../../components/page";
import { QueryPanel, Skeleton } from "../../components/states";
import { useMayChange } from "../../state/session";
import { FirstSpan } from "./first-span";
import { Send } from "./send";
import "./setup.css";
import { Tokens } from "./tokens";
import { useSetup } from "./use-setup";
import { WaysOut } from "./ways-out";

/** How to send spans here, whether they come, and where verdicts go. */
const Setup = () => {
  const mayChange = useMayChange();
  const setup = useSetup();
  return (
    <Page title="Setup">
      <div className="columns two-one start">
        <div className="stack wide-gap">
          <QueryPanel
            query={setup}
            what="This server’s addresses could not be loaded"
            skeleton={
              <Card title="Send spans" flush>
                <Skeleton rows={8} />
              </Card>
            }
          >
            {(data) => <Send setup={data} />}
          </QueryPanel>
          <WaysOut />
          {mayChange && <Tokens />}
        </div>
        <div className="stack wide-gap">
          <QueryPanel
            query={setup}
            skeleton={
              <Card title="Your first span" flush>
                <Skeleton rows={4} />
              </Card>
            }
          >
            {(data) => <FirstSpan setup={data} />}
          </QueryPanel>
          <Card title="Span sent and nothing here?" flush>
            <List>
              <li className="advice">
                <b>Is it accepted?</b>
                <span>
                  The exporter’s log says so: 401 is a wrong token, 403 a token that may not send, 503 a full
                  queue or disk.
                </span>
              </li>
              <li className="advice">
                <b>Is content captured?</b>
                <span>
                  Most instrumentations leave it out until a setting turns it on. Spans without content are
                  stored and not judged.
                </span>
              </li>
              <li className="advice">
                <b>Which port?</b>
                <span>
                  OTLP over HTTP is on this page’s port, under /v1/traces and /v1/logs.
                  {setup.data?.grpc ? ` gRPC is on ${setup.data.grpc}.` : " gRPC is off."}
                </span>
              </li>
            </List>
          </Card>
        </div>
      </div>
    </Page>
  );
};

export default Setup;
