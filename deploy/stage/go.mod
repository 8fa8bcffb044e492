module runnel/stage

go 1.26
