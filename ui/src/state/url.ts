// State that belongs in the address, so that a copied link shows the same view and Back undoes one step.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

export type UrlOptions = { replace?: boolean };

/**
 * One parameter of the address. The default is left out of it. `replace` overwrites the history entry instead of
 * adding one: for what changes with every key.
 */
export const useUrlState = <Value extends string = string>(
  name: string,
  fallback: Value,
  allowed?: readonly Value[],
): [Value, (value: Value, options?: UrlOptions) => void] => {
  const [parameters, setParameters] = useSearchParams();
  const written = parameters.get(name) as Value | null;
  const value = written !== null && (!allowed || allowed.includes(written)) ? written : fallback;
  const set = useCallback(
    (next: Value, options: UrlOptions = {}) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (next === fallback) after.delete(name);
          else after.set(name, next);
          return after;
        },
        { replace: options.replace ?? false, preventScrollReset: true },
      ),
    [name, fallback, setParameters],
  );
  return [value, set];
};

/** All values of the parameters `names` at once, and a way to change several in one step. */
export const useUrlLists = <Name extends string>(
  names: readonly Name[],
): [Record<Name, string[]>, (changes: Partial<Record<Name, string[]>>, options?: UrlOptions) => void] => {
  const [parameters, setParameters] = useSearchParams();
  const key = parameters.toString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `parameters`, which is new every time.
  const values = useMemo(
    () => Object.fromEntries(names.map((name) => [name, parameters.getAll(name)])) as Record<Name, string[]>,
    [key, names],
  );
  const set = useCallback(
    (changes: Partial<Record<Name, string[]>>, options: UrlOptions = {}) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, list] of Object.entries(changes) as [Name, string[]][]) {
            after.delete(name);
            for (const value of list) after.append(name, value);
          }
          return after;
        },
        { replace: options.replace ?? false, preventScrollReset: true },
      ),
    [setParameters],
  );
  return [values, set];
};
