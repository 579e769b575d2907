import type { Json } from '../../base/json.ts';

/** What an expression came to. */
export type Evaluated = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string };

/** Evaluates a CEL expression of a template, with bounded cost; never throws. */
export type EvaluateExpression = (expression: string, variables: Readonly<Record<string, Json>>) => Evaluated;
