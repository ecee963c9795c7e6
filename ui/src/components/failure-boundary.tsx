import { Component, type ReactNode } from "react";
import { ErrorPanel } from "./states";

type State = { error: Error | null; where: string };

/** A fault in one page stays in that page, and is gone at another address (`where`). */
export class FailureBoundary extends Component<{ where: string; children: ReactNode }, State> {
  override state: State = { error: null, where: this.props.where };

  static getDerivedStateFromError(error: Error): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps(props: { where: string }, state: State): Partial<State> | null {
    return props.where === state.where ? null : { error: null, where: props.where };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <ErrorPanel
        error={this.state.error}
        what="This page failed"
        onRetry={() => this.setState({ error: null })}
      />
    );
  }
}
