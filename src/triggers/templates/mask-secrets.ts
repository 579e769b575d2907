import { SecretMask } from '../../telemetry/secret-mask.ts';

/** A text with secret values made unreadable. */
export type MaskText = (text: string) => string;

/**
 * Masks the values that came out of Secrets into placeholders: what is wrong with a run is told in words that may repeat
 * what stands in it, and told to everybody.
 */
export function maskOf(secretValues: readonly string[]): MaskText {
  if (secretValues.length === 0) return (text) => text;
  return (text) => {
    const mask = new SecretMask(secretValues);
    const decoder = new TextDecoder();
    return decoder.decode(mask.push(new TextEncoder().encode(text)), { stream: true }) + decoder.decode(mask.flush());
  };
}
