# O console em português. Cada mensagem existe também em en.ftl; um teste compara os dois.

## A moldura de todas as páginas
skip = Ir para o conteúdo
search-label = Procurar
search-placeholder = Cliente, serviço, documento, caixa, porta, ordem ou operação
theme-auto = Como o sistema
theme-light = Claro
theme-dark = Escuro
sign-out = Sair
menu-label = Menu
menu-overview = Início
menu-workflows = Operações
menu-integrations = Integrações
menu-discrepancies = Divergências
menu-map = Mapa
menu-schedules = Agendamentos
menu-acts = Registro
menu-about = Sobre
menu-tokens = Tokens
role-enqueue = programa
role-viewer = leitura
role-operator = operação
role-admin = administração
time-ago = há { $time }
time-in = em { $time }
count-workflows = { $count ->
    [one] { $shown } operação
   *[other] { $shown } operações
}
to-overview = Voltar ao início

## Entrar
login-title = Entrar
login-about = A ponte entre o HubSoft e a plataforma de mapeamento.
login-token = Token
login-hint = Peça um token a quem administra o enlace. Ele é criado com: enlace tokens create
login-enter = Entrar
login-wrong = Este token não é conhecido aqui, ou foi revogado. Confira se foi copiado inteiro, ou peça outro.
login-throttled = Muitas tentativas sem sucesso. Espere um minuto e tente de novo.
login-program = Este token é de um programa: só inicia operações. Para entrar aqui, peça um de leitura, operação ou administração.

## O que não deu certo
failed-title = Algo deu errado do nosso lado
failed-ours = Nada foi gravado. O registro do enlace diz o que houve; tente de novo e, se continuar, avise quem o administra.
failed-again = Outra pessoa está mudando as mesmas linhas. Tente de novo.
failed-forbidden = Isto não é permitido ao seu token
failed-role = Seu token é de { $role }. Peça a quem administra, ou entre com outro.
failed-stale = O formulário é de outra sessão
failed-stale-text = Nada foi feito. Volte, recarregue a página e envie de novo.
failed-invalid = Um campo não pode ser aceito
failed-missing = Isto não existe
failed-not-now = Isto não faz sentido agora
failed-later = Tente de novo em um momento
failed-nowhere = Não há página em { $path }.

## Palavras do domínio
status-queued = na fila
status-running = em andamento
status-waiting = esperando
status-paused = pausada
status-parked = espera uma pessoa
status-succeeded = feita
status-not-applicable = não se aplica
status-superseded = substituída
status-failed = falhou
status-cancelled = cancelada
kind-sync = sincronização
kind-bind = vínculo
kind-unbind = desvínculo
kind-migrate = migração
kind-retirement = retirada
kind-viability = viabilidade
kind-registration = cadastro
upstream-open = no ar
upstream-slowed = voltando aos poucos
upstream-closed = fechada
upstream-until = até { $at }
upstream-until-opened = até que alguém a abra
phase-begun = começando
phase-boxes = caixas
phase-splitters = splitters
phase-poles = postes
phase-cables = cabos
phase-occupants = clientes nas portas
phase-missing = o que sumiu
phase-finished = concluída
phase-failed = falhou
parked-attempts-spent = as tentativas acabaram
parked-rejected = recusadas pela plataforma ou por uma regra
parked-outcome-unknown = não se sabe se chegaram à plataforma
parked-approval = pedem aprovação
parked-bug = defeito do enlace
parked-undecodable = esta versão do enlace não as conhece
parked-going-in-circles = andam em círculos
integration-inactive = inativa

## Início
overview-people = Esperam por você
overview-nobody = Nada espera por uma pessoa.
overview-oldest = a mais antiga { $ago }
overview-discrepancies = divergências entre o HubSoft e a plataforma
overview-waiting = { $count ->
    [one] { $shown } operação espera por ela
   *[other] { $shown } operações esperam por ela
}
overview-syncing = Sincronizando
overview-synced = Última sincronização { $ago }
overview-never-synced = Nunca foi sincronizada
overview-first-integration = Crie a primeira integração
overview-stands = Em aberto
overview-idle = Nada em aberto: tudo o que o HubSoft confirmou está na plataforma.
overview-lag = Metade das últimas mudanças chegou em até { $half }; 19 em cada 20, em até { $most }
overview-calls = Últimas 6 horas: { $all } chamadas, { $failed } sem sucesso
