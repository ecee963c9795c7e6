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
    mutationFn: () => api.post<Session>("/session", { token: token.trim() }),
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
  // Who comes here without having been sent here is not asked about: that would be a refusal in the console.
  if (client.getQueryData<Session | null>(["session"]) && !signIn.isPending)
    return <Navigate to={to} replace />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() === "") field.current?.focus();
    else signIn.mutate();
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
