import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "./style.css";
import { ask, stored } from "./api";
import { useAnswer } from "./hooks";
import { Problem } from "./notices";
import { Evidence } from "./screens/evidence";
import { Neuron } from "./screens/neuron";
import { Patient } from "./screens/patient";
import { address, useAddress, type State } from "./state";

const SCREENS: { name: State["screen"]; title: string; Screen: typeof Neuron }[] = [
  { name: "neuron", title: "Neuron", Screen: Neuron },
  { name: "patient", title: "Patient", Screen: Patient },
  { name: "evidence", title: "Evidence", Screen: Evidence },
];

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
