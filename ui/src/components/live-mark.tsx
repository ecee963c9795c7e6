import { useLive } from "../api/live";
import { clock } from "../text/format";

/** Green and live, or when the data shown is from. With `count` it is a button that brings the new ones in. */
export const LiveMark = ({ count = 0, onShow }: { count?: number; onShow?: () => void }) => {
  const { state, changed } = useLive();
  if (state === "reconnecting") {
    return (
      <span className="live broken" role="status">
        Reconnecting{changed > 0 && `, data of ${clock(changed, false)}`}
      </span>
    );
  }
  if (state === "connecting") return <span className="live waiting">Connecting</span>;
  if (count > 0 && onShow) {
    return (
      <button type="button" className="live new" onClick={onShow}>
        {count.toLocaleString("en-US")} new
      </button>
    );
  }
  return <span className="live">Live</span>;
};

/** Something that is waited for. */
export const Waiting = ({ children }: { children: string }) => (
  <span className="live waiting" role="status">
    {children}
  </span>
);
