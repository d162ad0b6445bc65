const box=document.querySelector('#q'),left=document.querySelector('#n');
const marks=[...document.querySelectorAll('.find input[type=checkbox]')],items=[...document.querySelectorAll('article')];
const fold=t=>t.normalize('NFKC').toLowerCase(),texts=items.map(a=>fold(a.textContent));
function show(){
  const words=fold(box.value).split(/\s+/).filter(Boolean),on=new Set(marks.filter(m=>m.checked).map(m=>m.value));
  let n=0;
  items.forEach((a,i)=>{const yes=on.has(a.dataset.s)&&words.every(w=>texts[i].includes(w));a.hidden=!yes;n+=yes});
  left.textContent=n+' / '+items.length;
}
box.addEventListener('input',show);marks.forEach(m=>m.addEventListener('change',show));show();
