// Asking, with one question at a time on its way and the newest next; and the width of an element.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Asked<T> {
  answer: T | null;
  error: Error | null;
  busy: boolean;
  again: () => void;
}

// The answer to ``key``. While one question is on its way only the newest waits: held keys never pile up questions.
export function useAnswer<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [shown, show] = useState<{ answer: T | null; error: Error | null }>({ answer: null, error: null });
  const [busy, setBusy] = useState(true);
  const [tries, setTries] = useState(0);
  const line = useRef<{ active: boolean; next: (() => Promise<T>) | null; control: AbortController }>({
    active: false,
    next: null,
    control: new AbortController(),
  });
  useEffect(() => {
    const now = line.current;
    if (now.control.signal.aborted) now.control = new AbortController();
    return () => now.control.abort();
  }, []);
  useEffect(() => {
    const now = line.current;
    now.next = () => work(now.control.signal);
    setBusy(true);
    if (now.active) return;
    now.active = true;
    void (async () => {
      while (now.next) {
        const turn = now.next;
        now.next = null;
        try {
          const answer = await turn();
          if (!now.control.signal.aborted) show({ answer, error: null });
        } catch (error) {
          if (!now.control.signal.aborted && !now.next) show((was) => ({ answer: was.answer, error: error as Error }));
        }
      }
      now.active = false;
      if (!now.control.signal.aborted) setBusy(false);
    })();
  }, [key, tries]);
  return { ...shown, busy, again: useCallback(() => setTries((n) => n + 1), []) };
}

export interface Long<T> {
  answer: T | null;
  error: Error | null;
  progress: { done: number; total: number } | null;
  begin: () => void;
  cancel: () => void;
}

// A long answer that is asked for on purpose; another key, or leaving the page, cancels it.
export function useLong<T>(
  key: string,
  work: (signal: AbortSignal, progress: (done: number, total: number) => void) => Promise<T>,
): Long<T> {
  const [state, set] = useState<{
    key: string;
    answer: T | null;
    error: Error | null;
    progress: { done: number; total: number } | null;
  }>({ key, answer: null, error: null, progress: null });
  const control = useRef<AbortController | null>(null);
  const cancel = useCallback(() => {
    control.current?.abort();
    control.current = null;
    set((was) => ({ ...was, progress: null }));
  }, []);
  useEffect(() => cancel, [key]);
  const begin = useCallback(() => {
    control.current?.abort();
    const mine = new AbortController();
    control.current = mine;
    set({ key, answer: null, error: null, progress: { done: 0, total: 0 } });
    work(mine.signal, (done, total) => {
      if (!mine.signal.aborted) set((was) => ({ ...was, progress: { done, total } }));
    }).then(
      (answer) => {
        if (!mine.signal.aborted) set({ key, answer, error: null, progress: null });
      },
      (error: Error) => {
        if (!mine.signal.aborted) set({ key, answer: null, error, progress: null });
      },
    );
  }, [key]);
  const fresh = state.key === key;
  return {
    answer: fresh ? state.answer : null,
    error: fresh ? state.error : null,
    progress: fresh ? state.progress : null,
    begin,
    cancel,
  };
}

export interface Live<T> extends Long<T> {
  shown: T | null; // the newest answer there is, also while another is on its way
}

// A long answer that follows the page: asked for when the key has rested for a moment, while the one before is cancelled.
export function useLive<T>(
  key: string,
  work: (signal: AbortSignal, progress: (done: number, total: number) => void) => Promise<T>,
): Live<T> {
  const run = useLong(key, work);
  const [kept, keep] = useState<T | null>(null);
  useEffect(() => {
    const timer = setTimeout(run.begin, REST);
    return () => clearTimeout(timer);
  }, [key]);
  useEffect(() => {
    if (run.answer) keep(run.answer);
  }, [run.answer]);
  return { ...run, shown: run.answer ?? (run.error ? null : kept) };
}

const REST = 250; // milliseconds: a held key asks once

export function useWidth(usual: number): [{ current: HTMLDivElement | null }, number] {
  const place = useRef<HTMLDivElement | null>(null);
  const [width, setWidth] = useState(usual);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const measure = () => setWidth(Math.max(240, Math.floor(element.clientWidth)));
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [place, width];
}
