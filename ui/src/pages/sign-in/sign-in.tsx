import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Navigate, useNavigate, useSearchParams } from "react-router";
import { ApiError, api } from "../../api/client";
import type { Session } from "../../api/types";
import { Button } from "../../components/button";
import { Field, TextInput } from "../../components/field";
import { Logo } from "../../components/icon";
import { safePath } from "./safe-path";
import "./sign-in.css";

/** The token of a link that a command printed: `#token=…`, the part of an address that browsers keep to themselves. */
const linkedToken = (hash: string): string => new URLSearchParams(hash.slice(1)).get("token") ?? "";

/** A token for a session. Then on to the page that was asked for. */
const SignIn = () => {
  const client = useQueryClient();
  const go = useNavigate();
  const [parameters] = useSearchParams();
  const [token, setToken] = useState("");
  const [shown, setShown] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const to = safePath(parameters.get("to"));
  const signIn = useMutation({
    mutationFn: (given: string) => api.post<Session>("/session", { token: given.trim() }),
    onSuccess: (answer) => {
      client.clear();
      client.setQueryData(["session"], answer);
      void go(to, { replace: true });
    },
    onError: () => field.current?.focus(),
  });
  useEffect(() => {
    document.title = "Sign in · Spanjudge";
  }, []);
  const { mutate } = signIn;
  useEffect(() => {
    const linked = linkedToken(window.location.hash);
    if (linked === "") return;
    // Before anything else: the address is what gets copied and kept.
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    setToken(linked);
    mutate(linked);
  }, [mutate]);
  // Who comes here without having been sent here is not asked about: that would be a refusal in the console.
  if (client.getQueryData<Session | null>(["session"]) && !signIn.isPending)
    return <Navigate to={to} replace />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() === "") field.current?.focus();
    else mutate(token);
  };
  const error =
    signIn.error instanceof ApiError ? signIn.error.detail : signIn.error ? "Signing in failed" : undefined;
  return (
    <main className="sign-in" id="content">
      <form className="card sign-in-card" onSubmit={submit}>
        <h1 className="sign-in-title">
          <Logo />
          Spanjudge
        </h1>
        <Field
          label="Token"
          error={error}
          help={
            <>
              The one of <code>O2_JUDGE_AUTH_TOKEN</code>, one from{" "}
              <code>spanjudge tokens new --scope read</code>, or the one that <code>spanjudge serve</code>{" "}
              printed at its first start
            </>
          }
        >
          {(tied) => (
            <span className="row">
              <TextInput
                {...tied}
                ref={field}
                mono
                name="token"
                type={shown ? "text" : "password"}
                autoComplete="current-password"
                value={token}
                onChange={(event) => setToken(event.target.value)}
                autoFocus
              />
              <Button aria-pressed={shown} onClick={() => setShown(!shown)}>
                {shown ? "Hide" : "Show"}
              </Button>
            </span>
          )}
        </Field>
        <Button look="primary" type="submit" busy={signIn.isPending}>
          Sign in
        </Button>
      </form>
    </main>
  );
};

export default SignIn;
