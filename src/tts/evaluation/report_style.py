"""Style and script of the evaluation's page: plots, clips, and a playhead that moves."""

STYLE = """
:root { --good: #2a8f4f; --bad: #c2452d; --reference: #2a8f4f; --copy: #8a8a8a }
table.names th { text-align: left } tbody th { min-width: 9rem }
th[title] { text-decoration: underline dotted; cursor: help }
.good { color: var(--good) } .bad { color: var(--bad) }
mark { background: #e8a33d66; color: inherit; border-radius: 3px; padding: 0 .15em }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(23rem, 1fr)); gap: 1rem;
  margin: 1rem 0 1.5rem }
.plots figure { margin: 0; padding: .5rem .7rem; border: 1px solid var(--line); border-radius: 8px }
.plots figcaption { font-size: .85rem; font-weight: 600 }
.plots svg { width: 100%; height: auto; display: block; font: 11px system-ui, sans-serif }
.plots text { fill: currentColor } .plots .axis { stroke: currentColor; opacity: .35 }
.plots .band { fill: var(--reference); opacity: .16 } .plots .band.copy { fill: var(--copy) }
.plots .mean { stroke: var(--reference) } .plots .mean.copy { stroke: var(--copy) }
.plots .interval { stroke: var(--dot); stroke-width: 2 } .plots circle { fill: var(--dot) }
.key { display: inline-block; width: 1.1em; height: .7em; background: var(--reference);
  opacity: .45; border-radius: 2px } .key.copy { background: var(--copy) }
article { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0;
  break-inside: avoid }
article .clip { display: grid; grid-template-columns: 9rem 1fr; gap: .2rem 1rem;
  align-items: start; margin: .9rem 0 .2rem }
article .clip b { overflow-wrap: anywhere }
article p { margin: .1rem 0 } audio { width: 100%; max-width: 26rem; height: 34px }
.spectrogram { position: relative; margin: .3rem 0 1.3rem 2.2rem; height: 110px; cursor: pointer;
  min-width: 5rem; outline-offset: 2px }
.spectrogram img { width: 100%; height: 100%; display: block; image-rendering: pixelated }
.spectrogram i { position: absolute; font: 10px system-ui, sans-serif; opacity: .75;
  white-space: nowrap }
.spectrogram i.y { right: calc(100% + 5px); transform: translateY(50%) }
.spectrogram i.x { top: calc(100% + 2px); transform: translateX(-50%) }
.spectrogram b { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; left: 0;
  background: #35e0ff; visibility: hidden; pointer-events: none }
@media (max-width: 50rem) { article .clip { grid-template-columns: 1fr } }
@media print { audio { display: none } .plots figure { break-inside: avoid } }
"""
SCRIPT = """
const allSounds = [...document.querySelectorAll('audio')];
for (const picture of document.querySelectorAll('.spectrogram')) {
  const sound = picture.parentElement.querySelector('audio'), line = picture.querySelector('b');
  const seconds = parseFloat(picture.dataset.seconds);
  const draw = () => {
    line.style.left = 100 * Math.min(sound.currentTime / seconds, 1) + '%';
    line.style.visibility = 'visible';
    if (!sound.paused) requestAnimationFrame(draw);
  };
  sound.onplay = () => { allSounds.forEach(other => other !== sound && other.pause()); draw(); };
  sound.onseeked = draw;
  const at = share => {
    const jump = () => { sound.currentTime = share * seconds; sound.play(); };
    if (sound.readyState) jump();
    else { sound.addEventListener('loadedmetadata', jump, {once: true}); sound.load(); }
  };
  picture.onclick = event =>
    at((event.clientX - picture.getBoundingClientRect().left) / picture.clientWidth);
  picture.onkeydown = event => {
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      if (sound.paused) sound.play(); else sound.pause();
    }
  };
}
"""
