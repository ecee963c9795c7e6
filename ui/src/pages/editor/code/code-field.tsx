// A field for code. Until the editor is there (and wherever it cannot be loaded) it is a plain text area.
import {
  Component,
  lazy,
  type ReactNode,
  type RefObject,
  Suspense,
  type SyntheticEvent,
  useRef,
} from "react";
import type { Variables } from "./template";

export type CodeHandle = { insert: (text: string) => void };

export type CodeProps = {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  onBlur?: () => void;
  language: "template" | "text" | "json" | "yaml";
  variables?: Variables;
  invalid?: boolean;
  describedBy?: string;
  readOnly?: boolean;
  placeholder?: string;
  takeFocus?: boolean;
  handle?: RefObject<CodeHandle | null>;
};

/** Where somebody writes in the plain text area: the editor that takes its place goes on there. */
export type Caret = RefObject<{ from: number; to: number } | null>;

const Code = lazy(() => import("./code"));

function Plain({
  id,
  label,
  value,
  onChange,
  onBlur,
  invalid,
  describedBy,
  readOnly,
  placeholder,
  caret,
}: CodeProps & { caret: Caret }) {
  const written = ({
    currentTarget: { selectionStart, selectionEnd },
  }: SyntheticEvent<HTMLTextAreaElement>) => {
    caret.current = { from: selectionStart, to: selectionEnd };
  };
  return (
    <textarea
      className="code-plain mono"
      id={id}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      readOnly={readOnly}
      placeholder={placeholder}
      spellCheck={false}
      value={value}
      rows={Math.min(24, Math.max(5, value.split("\n").length + 1))}
      onChange={(event) => onChange(event.target.value)}
      onFocus={written}
      onSelect={written}
      onBlur={() => {
        caret.current = null;
        onBlur?.();
      }}
    />
  );
}

class OrPlain extends Component<{ plain: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? this.props.plain : this.props.children;
  }
}

export function CodeField(props: CodeProps) {
  const caret: Caret = useRef(null);
  const plain = <Plain {...props} caret={caret} />;
  return (
    <OrPlain plain={plain}>
      <Suspense fallback={plain}>
        <Code {...props} caret={caret} />
      </Suspense>
    </OrPlain>
  );
}
