import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { askText, segment } from '../api.ts';
import { problemOf } from '../use.ts';
import type { ApiProblem } from '../api.ts';
import { Problem } from './basics.tsx';

/** Characters of a log that are kept on the page: a tool may write for hours. */
const most = 400_000;

/** The log of a step, as it is written. It stays at its end until one scrolls away from there. */
export function LogView({ run, step, follow }: { run: string; step: string; follow: boolean }): JSX.Element {
  const [text, setText] = useState('');
  const [dropped, setDropped] = useState(0);
  const [problem, setProblem] = useState<ApiProblem>();
  const [ended, setEnded] = useState(false);
  const place = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const gone = new AbortController();
    let all = '';
    let lost = 0;
    let shown = -1;
    atEnd.current = true;
    setText('');
    setDropped(0);
    setProblem(undefined);
    setEnded(false);
    const show = (): void => {
      if (shown === all.length + lost) return;
      shown = all.length + lost;
      setText(all);
      setDropped(lost);
    };
    // Pieces come faster than anybody reads.
    const timer = setInterval(show, 150);
    const read = async (): Promise<void> => {
      for await (const piece of askText(`/api/v1/runs/${run}/steps/${segment(step)}/log${follow ? '?follow=1' : ''}`, gone.signal)) {
        all += piece;
        if (all.length > most * 1.25) [lost, all] = [lost + all.length - most, all.slice(-most)];
      }
      show();
      setEnded(true);
    };
    read().catch((error: unknown) => gone.signal.aborted || (show(), setProblem(problemOf(error))));
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [run, step, follow]);
  useEffect(() => {
    if (place.current && atEnd.current) place.current.scrollTop = place.current.scrollHeight;
  }, [text]);
  const scrolled = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: { currentTarget: HTMLElement }): void => {
    atEnd.current = scrollTop + clientHeight > scrollHeight - 24;
  };
  return (
    <>
      <Problem of={problem} />
      {dropped > 0 && <p class="note">{`The first ${dropped.toLocaleString()} characters are not shown; runnel logs prints all.`}</p>}
      <pre class="log" ref={place} tabIndex={0} aria-label={`Log of ${step}`} onScroll={scrolled}>
        {text === '' ? (ended ? 'It wrote nothing.' : 'Nothing yet…') : text}
      </pre>
    </>
  );
}
