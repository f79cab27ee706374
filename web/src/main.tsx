import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "./style.css";
import { ask, health, stored } from "./api";
import { useAnswer } from "./hooks";
import { Problem } from "./notices";
import { Evidence } from "./screens/evidence";
import { Neuron } from "./screens/neuron";
import { Patient } from "./screens/patient";
import { Treatments } from "./screens/treatments";
import { Trial } from "./screens/trial";
import { address, useAddress, type State } from "./state";

const SCREENS: { name: State["screen"]; title: string; Screen: typeof Neuron }[] = [
  { name: "neuron", title: "Neuron", Screen: Neuron },
  { name: "patient", title: "Patient", Screen: Patient },
  { name: "treatments", title: "Treatments", Screen: Treatments },
  { name: "trial", title: "Trial", Screen: Trial },
  { name: "evidence", title: "Evidence", Screen: Evidence },
];

// Until the kernel is compiled, which takes a minute the first time: said, since the first picture waits for it.
function Warming() {
  const [words, say] = useState("");
  useEffect(() => {
    if (stored) return;
    const timer = setInterval(look, 1000);
    function look() {
      void health().then((found) => {
        say(found && !found.ready ? found.words : "");
        if (found?.ready) clearInterval(timer);
      });
    }
    look();
    return () => clearInterval(timer);
  }, []);
  return (
    <p role="status" class="hint">
      {words}
    </p>
  );
}

function App() {
  const [state, change] = useAddress();
  const { answer: model, error, again } = useAnswer("model", (signal) => ask("/api/model", new URLSearchParams(), signal));
  const { title, Screen } = SCREENS.find((one) => one.name === state.screen)!;
  const main = useRef<HTMLElement | null>(null);
  const before = useRef(state.screen);
  useEffect(() => {
    document.title = `${title}: Charcot explorer`;
    if (before.current !== state.screen) main.current?.focus();
    before.current = state.screen;
  }, [title]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header>
        <p class="name">Charcot explorer</p>
        <nav aria-label="Screens">
          <ul>
            {SCREENS.map((one) => (
              <li key={one.name}>
                <a
                  href={address({ ...state, screen: one.name })}
                  aria-current={one.name === state.screen ? "page" : undefined}
                >
                  {one.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        <Warming />
        {error && <Problem error={error} again={again} />}
        {model ? <Screen model={model} state={state} change={change} /> : !error && <p role="status">Loading.</p>}
      </main>
      <footer>
        <p>{model?.notice ?? "Charcot is a research tool."}</p>
        <p>
          {stored ? "One file, made with charcot explore --export: it talks to nobody. Its numbers are rounded to four digits. " : "This page talks to your own machine only. "}
          {model && `Charcot ${model.version}: ${model.counts["mechanisms"]} mechanisms, ${model.counts["numbers"]} numbers, ${model.counts["sources"]} sources.`}
        </p>
      </footer>
    </>
  );
}

render(<App />, (document.getElementById("app")!.replaceChildren(), document.getElementById("app")!));
